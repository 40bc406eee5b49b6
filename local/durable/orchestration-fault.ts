/** The orchestration cannot go on, and its instance fails with this message: it says what happened, in words for developers. */
export class OrchestrationFault extends Error {
  override readonly name = "OrchestrationFault";
}
