/**
 * A text as it may stand in a log or on a public page: on one line, unable to steer a terminal or to look like another line
 * (ASVS 5.0, 16.4.1), of bounded length, and without anything that looks like a key. The last is a second net under the first:
 * nothing secret is handed to a log at all.
 */
export function cleanText(text: string): string {
  // What is left out is cut first, so that a huge text costs no more; far behind what is shown, so that no half key moves into view.
  const visible = text
    .slice(0, READ_CHARACTERS_MAX)
    .replace(CONTROL, picture)
    .replace(KEY, HIDDEN)
    .replace(URL_LOGIN, `://${HIDDEN}@`)
  return visible.length > SHOWN_CHARACTERS_MAX ? `${visible.slice(0, SHOWN_CHARACTERS_MAX)}…` : visible
}

const SHOWN_CHARACTERS_MAX = 2_000
const READ_CHARACTERS_MAX = 32_000
const HIDDEN = '[hidden]'

/** Control characters, line and paragraph separators, and what turns the direction of writing or has no width. */
// oxlint-disable-next-line no-control-regex -- finding them is what it is for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** ASCII controls have pictures of their own (`␊` for a line feed, which keeps a stack readable); the others share one. */
function picture(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '␡' : '\ufffd'
}

/**
 * Our own secrets from the first character behind the public id, the forms that vendors give theirs, JSON web tokens, and bearer credentials.
 * Each part fails within a few characters or takes what it has read, so that no text can make the search slow.
 */
const KEY = new RegExp(
  [
    '(?:sek|svc|setup)_[0-9a-z_-]{13,}',
    '(?<![0-9a-z])(?:sk|pk|rk|gsk|csk|xai|hf|fw|pplx|nvapi|tgp|r8|ghp|glpat)[-_][0-9a-z_-]{8,}',
    'AIza[0-9a-z_-]{20,}',
    '(?<![0-9a-z_-])eyJ[0-9a-z_-]{8,}\\.[0-9a-z_.-]+',
    '(?<=bearer\\s{1,4})[^\\s"\',;]{16,}',
  ].join('|'),
  'gi',
)
const URL_LOGIN = /:\/\/[^\s/@]{1,300}@/g
