/** Entra ID's set of all its tenants' keys takes some 20 KB. */
const maxBytes = 256 * 1024;

/**
 * The text at an https URL that the operator chose.
 *
 * @throws Error when it does not answer 200 in time, redirects, or sends too much.
 */
export async function fetchKeySet(url: URL, timeoutMs = 5000): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error("no key set");
  }
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    total += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (total > maxBytes) throw new Error("too large for a key set");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
