//! What each message carries, from the flags, and from the files that they name.

use std::io;
use std::path::Path;
use std::sync::Arc;

use wsbench::bounded::{self, LARGEST_STORED};
use wsbench_load::corpus::Corpus;
use wsbench_load::plan::{Encoding, Envelope, Payload, Spoken};
use wsbench_load::template::{Lookup, Template};

use crate::args::{ModeArg, PayloadArgs};
use crate::usage::UsageError;
use crate::workload_args::looked_up;
use wsbench::defaults;
use wsbench::quantity::{MAX_MESSAGE_BYTES, SizeRange};

/// The name of the corpus that is made rather than read; a file of that name is `./builtin`.
const BUILTIN_CORPUS: &str = "builtin";

/// Payload of the messages by these flags.
///
/// # Errors
/// Flags that say different things, a file that cannot be read or is not what it should be.
pub(super) fn of(
    args: &PayloadArgs,
    seed: u64,
    find: &dyn Lookup,
) -> Result<(Payload, Option<Envelope>), UsageError> {
    let is_for_many = matches!(args.mode(), ModeArg::Broadcast | ModeArg::Pubsub);
    match &args.template {
        Some(template) if is_for_many => {
            let (envelope, size) = envelope(template, args, find)?;
            let sized = PayloadArgs {
                template: None,
                size: Some(size),
                ..args.clone()
            };
            Ok((messages(&sized, seed, find)?, Some(envelope)))
        }
        _ => Ok((messages(args, seed, find)?, None)),
    }
}

/// The text around the tag and the filling of messages for many, and the size of these two.
fn envelope(
    template: &Template,
    args: &PayloadArgs,
    find: &dyn Lookup,
) -> Result<(Envelope, SizeRange), UsageError> {
    let others = [
        (args.message.is_some(), "--message"),
        (args.file.is_some(), "--file"),
        (args.corpus.is_some(), "--corpus"),
        (args.binary, "--binary"),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError::TemplateAnd { flag });
    }
    let words = Template::for_words(template.text()).map_err(UsageError::ModesTemplate)?;
    let words = looked_up("--template", &words, find)?;
    let size = match (args.size, words.has_filling()) {
        (Some(_), false) => return Err(UsageError::SizeWithoutFill),
        (Some(size), true) => size,
        (None, true) => SizeRange {
            min: defaults::SIZE,
            max: defaults::SIZE,
        },
        (None, false) => {
            let tag = Payload::tag_len(Encoding::Text) as u32;
            SizeRange { min: tag, max: tag }
        }
    };
    Ok((Envelope::new(Spoken::text(words)), size))
}

/// The messages themselves.
fn messages(args: &PayloadArgs, seed: u64, find: &dyn Lookup) -> Result<Payload, UsageError> {
    if args.text && args.binary {
        return Err(UsageError::TextAndBinary);
    }
    let encoding = if args.binary {
        Encoding::Binary
    } else {
        Encoding::Text
    };
    let strange = [
        (args.failed.is_some(), "--failed"),
        (args.end.is_some(), "--end"),
    ];
    let strange = strange.into_iter().find(|(is_given, _)| *is_given);
    if let (Some((_, flag)), true) = (strange, args.mode() != ModeArg::Request) {
        return Err(UsageError::RequestFlag { flag });
    }
    let has_numbers = matches!(
        args.mode(),
        ModeArg::Request | ModeArg::Broadcast | ModeArg::Pubsub
    );
    if args.at.is_some() && !has_numbers {
        return Err(UsageError::RequestFlag { flag: "--match" });
    }
    if let Some(template) = &args.template {
        return template_payload(template, args, encoding, find);
    }
    if let Some(path) = &args.corpus {
        let others = [
            (args.message.is_some(), "--message"),
            (args.file.is_some(), "--file"),
            (args.size.is_some(), "--size"),
        ];
        if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
            return Err(UsageError::CorpusAnd { flag });
        }
        return corpus_payload(path, encoding, seed);
    }
    match (&args.message, &args.file) {
        (Some(_), Some(_)) => Err(UsageError::MessageAndFile),
        (Some(_), None) if args.size.is_some() => {
            Err(UsageError::SizeOfFixed { flag: "--message" })
        }
        (None, Some(_)) if args.size.is_some() => Err(UsageError::SizeOfFixed { flag: "--file" }),
        (Some(text), None) => Ok(Payload::Fixed {
            encoding,
            bytes: Arc::from(text.as_bytes()),
        }),
        (None, Some(path)) => file_payload(path, args.text),
        (None, None) => {
            let SizeRange { min, max } = args.size.unwrap_or(SizeRange {
                min: defaults::SIZE,
                max: defaults::SIZE,
            });
            Ok(Payload::Generated {
                encoding,
                min,
                max,
                ascii: args.ascii,
            })
        }
    }
}

fn template_payload(
    template: &Arc<Template>,
    args: &PayloadArgs,
    encoding: Encoding,
    find: &dyn Lookup,
) -> Result<Payload, UsageError> {
    let others = [
        (args.message.is_some(), "--message"),
        (args.file.is_some(), "--file"),
        (args.corpus.is_some(), "--corpus"),
        (args.size.is_some(), "--size"),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError::TemplateAnd { flag });
    }
    let compiled = match args.mode() {
        ModeArg::Request => Template::for_requests(template.text()),
        _ => Template::parse(template.text()),
    };
    let compiled = compiled.map_err(UsageError::ModesTemplate)?;
    let template = Arc::new(looked_up("--template", &compiled, find)?);
    Ok(Payload::Template { encoding, template })
}

fn corpus_payload(path: &Path, encoding: Encoding, seed: u64) -> Result<Payload, UsageError> {
    let corpus = if path.as_os_str() == BUILTIN_CORPUS {
        Corpus::builtin(seed)
    } else {
        let path = path.to_owned();
        let text = match read(&path, LARGEST_STORED) {
            Ok(text) => text,
            Err(source) => return Err(UsageError::CorpusUnreadable { path, source }),
        };
        let most = MAX_MESSAGE_BYTES as usize - Payload::tag_len(encoding);
        Corpus::new(path.display().to_string(), text, most)
            .map_err(|source| UsageError::CorpusUnusable { path, source })?
    };
    match corpus.not_text_at() {
        Some(offset) if encoding == Encoding::Text => Err(UsageError::CorpusIsNotText {
            path: path.to_owned(),
            offset,
        }),
        _ => Ok(Payload::Corpus {
            encoding,
            corpus: Arc::new(corpus),
        }),
    }
}

/// The bytes of a file, so many at most, or of standard input where it is called `-`.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        bounded::octets(io::stdin(), most)
    } else {
        bounded::octets_of(path, most)
    }
}

fn file_payload(path: &Path, text: bool) -> Result<Payload, UsageError> {
    let path = path.to_owned();
    let bytes = match read(&path, MAX_MESSAGE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(UsageError::FileTooLarge { path });
        }
        Err(source) => {
            let flag = "--file";
            return Err(UsageError::FileUnreadable { flag, path, source });
        }
    };
    if text && let Err(error) = std::str::from_utf8(&bytes) {
        let offset = error.valid_up_to();
        return Err(UsageError::FileIsNotText { path, offset });
    }
    let encoding = if text {
        Encoding::Text
    } else {
        Encoding::Binary
    };
    Ok(Payload::Fixed {
        encoding,
        bytes: Arc::from(bytes),
    })
}
