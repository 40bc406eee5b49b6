/** As much of Tesseract's WebAssembly build as reading a picture takes. The module carries its code within itself. */
declare module "tesseract.js-core/tesseract-core-simd-lstm.wasm.js" {
  interface TessBaseAPI {
    /** 0 when the languages are there. */
    Init(dataPath: null, languages: string, engine: number): number;
    SetVariable(name: string, value: string): boolean;
    /** Takes `/input`, turned as an Exif orientation says; 1 when it is no picture. */
    SetImageFile(orientation: number, angle: number): number;
    Recognize(monitor: null): number;
    GetUTF8Text(): string;
    /** 0 to 100. */
    MeanTextConf(): number;
    Clear(): void;
  }
  interface TesseractCore {
    readonly FS: {
      writeFile(path: string, bytes: Uint8Array): void;
      unlink(path: string): void;
    };
    readonly TessBaseAPI: new () => TessBaseAPI;
  }
  export default function createCore(options: {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }): Promise<TesseractCore>;
}
