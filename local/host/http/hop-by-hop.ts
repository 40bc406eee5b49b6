const names = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "trailer",
]);

/** Whether a header (in lower case) belongs to one connection, which is the host's, and not to the message. */
export function isHopByHop(name: string): boolean {
  return names.has(name);
}
