// Draws the plots again with uPlot, over the same axes as the pictures: values under the pointer,
// and zoom by dragging (a double click goes back). Without it the pictures stay.
"use strict";
(() => {
  const steps = {
    span: [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]],
    rate: [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]],
    bytes: [[1, " B"], [1e3, " kB"], [1e6, " MB"], [1e9, " GB"], [1e12, " TB"]],
  };
  function scaled(value, unit) {
    const sizes = steps[unit];
    const [size, name] = sizes.find(([size]) => Math.abs(value) / size < 999.5) || sizes[sizes.length - 1];
    return String(Number((value / size).toPrecision(3))) + name;
  }
  function words(value, unit) {
    if (value === null || value === undefined) return "—";
    switch (unit) {
      case "seconds": return value === 0 ? "0" : scaled(value * 1e9, "span");
      case "micros": return value === 0 ? "0" : scaled(value * 1e3, "span");
      case "ratio": return String(Number(value.toPrecision(4)));
      case "percentile": {
        const digits = Math.max(0, Math.ceil(value - 2 + 1e-9));
        return "p" + Number((100 * (1 - 10 ** -value)).toFixed(digits + (value % 1 ? 1 : 0)));
      }
      default: return value === 0 ? "0" : scaled(value, unit);
    }
  }

  const style = () => getComputedStyle(document.documentElement);
  const colour = (name) => style().getPropertyValue(name).trim();
  const faint = (hex) => (hex.length === 7 ? hex + "29" : hex);

  // The written values of an axis; while it is zoomed, uPlot's own where it is linear.
  function axis(spec, side) {
    const label = (value) => {
      const at = spec.ticks.indexOf(value);
      return at < 0 ? words(value, spec.unit) : spec.labels[at];
    };
    const own = spec.scale === "linear" ? {} : {
      splits: (u, at, min, max) => spec.ticks.filter((tick) => tick >= min * 0.9999 && tick <= max * 1.0001),
      filter: (u, splits) => splits,
    };
    return {
      ...own,
      scale: side,
      stroke: colour("--quiet"),
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      label: spec.name || null,
      labelSize: spec.name ? 18 : 0,
      size: side === "x" ? 32 : 62,
      gap: 6,
      values: (u, splits) => splits.map((value) => (value === null ? "" : label(value))),
      grid: { stroke: side === "x" ? "transparent" : colour("--grid"), width: 1 },
      ticks: { stroke: side === "x" ? colour("--grey") : "transparent", width: 1, size: 4 },
    };
  }

  function lines(spec) {
    const series = [{ label: spec.x.name, value: (u, value) => words(value, spec.x.unit) }];
    const data = [spec.xs];
    const bands = [];
    for (const one of spec.series) {
      const ink = one.colour === null ? colour("--grey") : colour("--c" + one.colour);
      const thin = one.colour === null ? 1 : 1.75;
      if (one.low) {
        bands.push({ series: [series.length + 1, series.length], fill: faint(ink) });
        for (const edge of [one.low, one.high]) {
          series.push({ class: "edge", width: 0, stroke: "transparent", spanGaps: true, points: { show: false }, label: "" });
          data.push(edge);
        }
      }
      series.push({
        label: one.name || spec.y.name,
        stroke: ink,
        width: thin,
        dash: one.dashed ? [5, 4] : undefined,
        spanGaps: true,
        points: { show: false },
        value: (u, value) => words(value, spec.y.unit),
        marks: one,
      });
      data.push(one.ys);
    }
    return { series, data, bands };
  }

  // Points, hollow where there was an overload.
  function marks(u, at) {
    const one = u.series[at].marks;
    if (!one) return;
    const { ctx } = u;
    one.ys.forEach((y, index) => {
      const isHollow = one.hollow[index] !== null;
      if (y === null || !(one.dots || isHollow)) return;
      const left = u.valToPos(u.data[0][index], "x", true);
      if (left < u.bbox.left - 1 || left > u.bbox.left + u.bbox.width + 1) return;
      ctx.beginPath();
      ctx.arc(left, u.valToPos(y, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fillStyle = isHollow ? colour("--paper") : u.series[at].stroke();
      ctx.strokeStyle = u.series[at].stroke();
      ctx.lineWidth = 1.75 * devicePixelRatio;
      ctx.fill();
      ctx.stroke();
    });
  }

  function levels(u, spec) {
    const { ctx } = u;
    for (const level of spec.levels) {
      const top = u.valToPos(level.y, "y", true);
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour("--bad");
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, top);
      ctx.lineTo(u.bbox.left + u.bbox.width, top);
      ctx.stroke();
      ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
      ctx.textAlign = "left";
      ctx.textBaseline = "alphabetic";
      ctx.fillText(level.name, u.bbox.left + 6 * devicePixelRatio, top - 5 * devicePixelRatio);
      ctx.restore();
    }
  }

  function draw(figure) {
    const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const { series, data, bands } = lines(spec);
    const [first, last] = [spec.xs[0], spec.xs[spec.xs.length - 1]];
    const isWhole = (min, max) => min <= first && max >= last;
    const options = {
      width: Math.max(240, figure.clientWidth),
      height: figure.clientWidth < 600 ? 270 : 330,
      scales: {
        x: {
          time: false,
          distr: spec.x.scale === "log" ? 3 : 1,
          range: (u, min, max) => (isWhole(min, max) ? [spec.x.from, spec.x.to] : [min, max]),
        },
        y: { distr: spec.y.scale === "log" ? 3 : 1, range: () => [spec.y.from, spec.y.to] },
      },
      axes: [axis(spec.x, "x"), axis(spec.y, "y")],
      series,
      bands,
      cursor: { points: { size: 7 }, y: false },
      hooks: { drawSeries: [marks], draw: [(u) => levels(u, spec)] },
      padding: [18, 24, 0, 0],
    };
    const plot = new uPlot(options, data, figure);
    for (const row of plot.root.querySelectorAll(".u-series.edge")) row.hidden = true;
    figure.classList.add("live");
    return plot;
  }

  const drawn = new Map();
  const figures = [...document.querySelectorAll("figure.plot")].filter((figure) =>
    figure.querySelector("script[type='application/json']"));

  // A figure within what is folded has no width until it is opened.
  function drawAll(isAnew) {
    for (const figure of figures) {
      if (drawn.has(figure) && (isAnew || !figure.clientWidth)) {
        drawn.get(figure).destroy();
        drawn.delete(figure);
        figure.classList.remove("live");
      }
      if (!drawn.has(figure) && figure.clientWidth) drawn.set(figure, draw(figure));
    }
    document.documentElement.dataset.plotsDrawn = drawn.size;
  }
  drawAll(false);
  for (const details of document.querySelectorAll("details")) {
    details.addEventListener("toggle", () => drawAll(false));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  // What is folded is printed, too.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main details")) details.open = true;
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawAll(true);
  });
  // What a link within the page leads to is opened.
  const reveal = () => {
    const found = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = found; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (found) found.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
