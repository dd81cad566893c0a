import { textLike } from './format.ts';

const maxTopicBytes = 65535;

/** Names of gateways, models, sources and pipelines: they become levels of topics. */
export const identifier = textLike('1 to 64 letters, digits, - or _', isIdentifier);

/** `<base>/fleet/` is where many gateways are addressed at once. */
export const gatewayId = textLike(
  '1 to 64 letters, digits, - or _, and not fleet',
  (id) => isIdentifier(id) && id !== 'fleet',
);

/** Levels below `<base>/<gateway>/` that the gateway uses itself: a source of that name would write over them. */
const reservedSourceNames: readonly string[] = ['models', 'request', 'response', 'samples'];

export const sourceName = textLike(
  `1 to 64 letters, digits, - or _, and none of ${reservedSourceNames.join(', ')}`,
  (name) => isIdentifier(name) && !reservedSourceNames.includes(name),
);

/** No `/`, `+` or `#`: `{user}` in a topic filter must not widen it. */
export const userName = textLike('1 to 64 letters, digits or any of . _ @ -', (name) =>
  /^[A-Za-z0-9._@-]{1,64}$/.test(name),
);

/** The first levels of topics that edgeward publishes. */
export const topicPrefix = textLike(
  'levels of a topic without wildcards, braces and empty levels, not beginning with $',
  (value) => isTopicText(value) && !/^\$|[+#{}]/.test(value) && !value.split('/').includes(''),
);

/**
 * The topic of a source. Wildcards are refused: `{source}` is the one that also says which source a frame
 * comes from, and two senders under one name would be mixed up.
 */
export const sourceTopic = textLike(
  'a topic without wildcards, in which {source} may stand once, as a whole level',
  (value) => {
    const levels = value.split('/');
    const plain = levels.filter((level) => level !== '{source}');
    const named = levels.length - plain.length;
    return isTopicText(value) && named <= 1 && !/^\$|[+#{}]/.test(plain.join('/'));
  },
);

/** `{user}` stands for the name of the user. */
export const topicFilter = filterLike('user');

/** `{gateway}` stands for the first levels of the gateway's own topics. */
export const gatewayFilter = filterLike('gateway');

/** Credentials have their own keys, where they can be secrets and are never logged. */
export const brokerUrl = textLike('a URL mqtt://, mqtts://, ws:// or wss:// without credentials', (value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  return (
    ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(protocol) && hostname !== '' && username + password === ''
  );
});

/** RFC 9110, 8.3.1: `type/subtype`, perhaps with parameters. */
export const contentType = textLike('a content type as image/jpeg', (value) =>
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"]*"|[\w!#$&^.+-]+))*$/.test(value),
);

/** MQTT 5.0, 4.7.1: `#` is the last level, `+` a whole one. */
function filterLike(name: string) {
  const placeholder = `{${name}}`;
  return textLike(`a topic filter, in which ${placeholder} may stand`, (value) => {
    const levels = value.split('/');
    return (
      isTopicText(value) &&
      levels.every((level, i) => {
        if (level === '+' || level === placeholder) return true;
        if (level === '#') return i === levels.length - 1;
        return !/[+#{}]/.test(level.replaceAll(placeholder, ''));
      })
    );
  });
}

function isIdentifier(value: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(value);
}

/** MQTT 5.0, 4.7.3 and 1.5.4: 1 to 65,535 bytes of UTF-8, no NUL, no lone surrogates. */
function isTopicText(value: string): boolean {
  const bytes = Buffer.byteLength(value);
  return bytes >= 1 && bytes <= maxTopicBytes && !/\0|\p{Surrogate}/u.test(value);
}
