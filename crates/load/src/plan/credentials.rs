//! The credentials of a plan, wherever in it they stand.

use crate::plan::payload::Payload;
use crate::plan::spec::PlanSpec;
use crate::secret::Redactor;
use crate::template::Template;

impl PlanSpec {
    /// The credentials that the plan holds, by their values: what a server sends back of them is withheld
    /// as they are. None where they are to be shown.
    #[must_use]
    pub fn secrets(&self) -> Redactor {
        let mut all = Redactor::default();
        if self.shows_secrets {
            return all;
        }
        all.add_url(&self.target.revealed_url());
        for template in self.clients.templates() {
            all.add_all(template.secrets());
            all.add_text(template.text());
        }
        for awaited in self.clients.awaited() {
            awaited.add_secrets(&mut all);
        }
        match &self.clients.exchange.payload {
            Payload::Template { template, .. } => {
                all.add_all(template.secrets());
                all.add_text(template.text());
            }
            Payload::Fixed { bytes, .. } => {
                all.add_text(std::str::from_utf8(bytes).unwrap_or_default());
            }
            Payload::Generated { .. } | Payload::Corpus { .. } | Payload::Withheld { .. } => {}
        }
        if let Some(pushes) = self.clients.exchange.flow.pushes()
            && let Some(clock) = &pushes.clock
        {
            all.add_text(&clock.ask);
        }
        for header in &self.upgrade.headers {
            let value = header.reveal().unwrap_or_default();
            all.add_header(&header.name, value);
            if header.is_secret() {
                all.add(value);
            }
            all.add_all(header.words().into_iter().flat_map(Template::secrets));
        }
        all.add_subprotocols(&self.upgrade.subprotocols);
        if let Some(login) = self.connect.route.proxy.as_ref().and_then(|it| it.login()) {
            all.add_login(&format!("{}:{}", login.user, login.password));
        }
        all
    }
}
