/** One block of an example document, before it becomes a PDF page or a Word paragraph. */
export type Block =
  | { readonly kind: "title" | "heading" | "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] };

export const title = (text: string): Block => ({ kind: "title", text });
export const heading = (text: string): Block => ({ kind: "heading", text });
export const paragraph = (text: string): Block => ({ kind: "paragraph", text });
export const list = (...items: string[]): Block => ({ kind: "list", items });
export const table = (...rows: string[][]): Block => ({ kind: "table", rows });
