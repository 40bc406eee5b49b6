/** What a language model would say, as far as a contract needs one: it reads the prompt and quotes the line that fits. */
export function quoteFromPrompt(
  messages: readonly { readonly content: string }[],
) {
  const prompt = messages[1]?.content ?? "";
  const [, task = ""] = /\nTASK [\w-]+\n([\s\S]*)$/.exec(prompt) ?? [];
  const isSummary = task.startsWith("Summarise");
  const asked = new Set(wordsOf(task));
  const lines = [
    ...prompt.matchAll(
      /BEGIN DOCUMENT (\d+) [\w-]+\n([\s\S]*?)\nEND DOCUMENT/g,
    ),
  ].flatMap(([, document, text = ""]) =>
    text
      .split("\n")
      .filter((line) => /^[^#<].*\.$/.test(line))
      .map((line) => ({ document: Number(document), text: line })),
  );
  const scoreOf = (line: { readonly text: string }): number =>
    wordsOf(line.text).filter((word) => asked.has(word)).length;
  const [best] = lines.toSorted(
    (left, right) => scoreOf(right) - scoreOf(left),
  );
  const found =
    best !== undefined && (isSummary || scoreOf(best) > 1) ? best : undefined;
  return {
    answer: found?.text ?? "The documents do not say.",
    keyPoints: found === undefined ? [] : [found.text],
    quotes: found === undefined ? [] : [found],
    notFound: found === undefined,
  };
}

function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[a-z]{4,}/g) ?? []).map((word) =>
    word.replace(/s$/, ""),
  );
}
