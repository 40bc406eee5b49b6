/** The host cannot start. The message is one line that says what is wrong and what to change. */
export class HostStartError extends Error {
  override readonly name = "HostStartError";
}
