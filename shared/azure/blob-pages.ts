import { operationLimit } from "./blob-container.ts";

interface Page {
  readonly continuationToken?: string | undefined;
}

interface PageSettings {
  readonly continuationToken?: string;
}

interface Listing<P extends Page> {
  byPage(settings: PageSettings): AsyncIterator<P>;
}

/**
 * The pages of a listing of blobs. Each is asked for only when it is needed and has a time limit of its own, so that a
 * reader may take its time between them.
 */
export async function* listPages<P extends Page>(
  list: (limit: { readonly abortSignal: AbortSignal }) => Listing<P>,
): AsyncGenerator<P, void> {
  let settings: PageSettings = {};
  for (;;) {
    const page = await list(operationLimit()).byPage(settings).next();
    if (page.done === true) return;
    yield page.value;
    const { continuationToken = "" } = page.value;
    if (continuationToken === "") return;
    settings = { continuationToken };
  }
}
