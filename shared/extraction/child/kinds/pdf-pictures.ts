import { type getDocumentProxy, getResolvedPDFJS } from "unpdf";
import { maxPixels, type Turn } from "../ocr.ts";
import { multiply } from "./pdf-fragments.ts";

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf["getPage"]>>;

/** A picture as pdf.js decodes it. */
interface DecodedPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Smaller ones are rules, bullets and logos. */
const leastSide = 50;
const leastPixels = 20_000;

/** A picture as a file in one of Netpbm's formats, and how it is turned on the page. */
interface PagePicture {
  readonly file: Uint8Array;
  readonly turn: Turn;
}

/**
 * The pictures that a page shows, in the order in which it does. What is drawn through a mask, and what pdf.js cannot
 * decode, is left out.
 */
export async function* readPagePictures(
  page: Page,
): AsyncGenerator<PagePicture> {
  const { OPS } = await getResolvedPDFJS();
  const { fnArray, argsArray } = await page.getOperatorList();
  const { transform } = page.getViewport({ scale: 1 });
  const saved: (readonly number[])[] = [];
  const seen = new Set<string>();
  let matrix: readonly number[] = transform;
  const emit = function* (picture: DecodedPicture | undefined) {
    const file = toNetpbm(picture);
    if (file) yield { file, turn: toTurn(matrix) };
  };
  for (const [index, operation] of fnArray.entries()) {
    const args = (argsArray[index] ?? []) as readonly unknown[];
    switch (operation) {
      case OPS.save:
        saved.push(matrix);
        break;
      case OPS.paintFormXObjectBegin:
        saved.push(matrix);
        if (args[0]) matrix = multiply(matrix, args[0] as number[]);
        break;
      case OPS.restore:
      case OPS.paintFormXObjectEnd:
        matrix = saved.pop() ?? matrix;
        break;
      case OPS.transform:
        matrix = multiply(matrix, args as number[]);
        break;
      case OPS.paintInlineImageXObject:
        yield* emit(args[0] as DecodedPicture | undefined);
        break;
      case OPS.paintImageXObject: {
        const key = String(args[0]);
        if (seen.has(key)) break;
        seen.add(key);
        yield* emit(await decoded(page, key));
        break;
      }
    }
  }
}

/** By where the picture's upper edge runs to: along the page's lines, down, back, or up. */
function toTurn([a = 1, b = 0]: readonly number[]): Turn {
  const quarters = Math.round(Math.atan2(b, a) / (Math.PI / 2));
  return (((quarters + 4) % 4) * 90) as Turn;
}

/** Whether the page shows a picture that words could be in. */
export async function showsPicture(page: Page): Promise<boolean> {
  const { OPS } = await getResolvedPDFJS();
  const { fnArray } = await page.getOperatorList();
  return fnArray.some((operation) =>
    [
      OPS.paintImageXObject,
      OPS.paintInlineImageXObject,
      OPS.paintImageMaskXObject,
    ].includes(operation),
  );
}

function decoded(page: Page, key: string): Promise<DecodedPicture | undefined> {
  const objects = key.startsWith("g_") ? page.commonObjs : page.objs;
  return new Promise((resolve) => {
    objects.get(key, (picture: unknown) =>
      resolve((picture ?? undefined) as DecodedPicture | undefined),
    );
  });
}

function toNetpbm(picture: DecodedPicture | undefined): Uint8Array | undefined {
  if (!picture?.data) return undefined;
  const { width, height, data } = picture;
  const pixels = width * height;
  const isSmall = Math.min(width, height) < leastSide || pixels < leastPixels;
  if (isSmall || pixels > maxPixels) return undefined;
  const file = (format: string, body: Uint8Array): Uint8Array =>
    Buffer.concat([
      Buffer.from(
        `${format}\n${width} ${height}\n${format === "P4" ? "" : "255\n"}`,
      ),
      body,
    ]);
  switch (data.length) {
    case pixels:
      return file("P5", data);
    case pixels * 3:
      return file("P6", data);
    case pixels * 4:
      return file("P6", withoutAlpha(data));
    // In one a set bit is white, in the other black.
    case Math.ceil(width / 8) * height:
      return file(
        "P4",
        data.map((byte) => ~byte),
      );
    default:
      return undefined;
  }
}

function withoutAlpha(data: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    rgb[to] = data[from] ?? 0;
    rgb[to + 1] = data[from + 1] ?? 0;
    rgb[to + 2] = data[from + 2] ?? 0;
  }
  return rgb;
}
