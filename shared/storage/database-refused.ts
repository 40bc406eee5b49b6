/** The file is not this program's, is damaged, or was written by another schema version. The message says what to do. */
export class DatabaseRefused extends Error {
  override readonly name = "DatabaseRefused";
}
