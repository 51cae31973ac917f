// Which events of a ticket were landed, remembered in eight bytes an event instead of a hundred: far behind there are a
// million of them. Of two ids one in two thousand million has the other's hash; then a lagging replica goes unnoticed once.

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a of an event's id, its letters A to Z lower as ClickHouse's lower() makes them: the timeline keeps it so. */
export function idHash(eventId: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < eventId.length; at++) {
    const code = eventId.charCodeAt(at);
    hash = Math.imul(hash ^ (code >= 65 && code <= 90 ? code + 32 : code), FNV_PRIME);
  }
  // Small enough to be kept without a box.
  return hash >>> 1;
}
