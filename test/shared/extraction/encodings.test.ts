import iconv from "iconv-lite";
import { expect, test } from "vitest";
import { decodeText } from "../../../shared/extraction/child/decode-text.ts";

const german =
  "Der Bär aß süße Äpfel für 5 € am Überlinger Seeufer. Größe und Länge müssen stimmen, sagte Frau Jäger. Später hörten wir schöne Glöckchen.";
const french =
  "Le garçon a mangé des crêpes à l'école, où l'élève préféré était déjà allé. Ça coûte très cher, même à Noël.";
const russian =
  "Быстрая коричневая лиса перепрыгивает через ленивую собаку. Компания выросла на двенадцать процентов.";
const japanese =
  "会社は昨年十二パーセント成長しました。これは取締役会が月曜日に発表したものです。従業員も増えました。";
const chinese =
  "公司去年增长了百分之十二，这是董事会星期一宣布的。员工人数也增加了很多，大家都很高兴。";
const korean =
  "회사는 작년에 십이 퍼센트 성장했다고 이사회가 월요일에 발표했습니다. 직원도 많이 늘었습니다.";

const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

test.each([
  ["ASCII", Buffer.from("plain words"), "plain words"],
  ["UTF-8", Buffer.from(german), german],
  ["UTF-8 with mark", Buffer.from(`\ufeff${german}`), german],
  ["UTF-16 LE with mark", Buffer.from(`\ufeff${german}`, "utf16le"), german],
  ["UTF-16 LE without mark", Buffer.from(german, "utf16le"), german],
  ["UTF-16 BE with mark", utf16be(`\ufeff${german}`), german],
  ["UTF-16 BE without mark", utf16be(german), german],
  ["UTF-16 LE Russian without mark", Buffer.from(russian, "utf16le"), russian],
  ["Windows-1252", iconv.encode(german, "windows-1252"), german],
  [
    "a few words of Windows-1252",
    iconv.encode("café, naïve – 5 €", "windows-1252"),
    "café, naïve – 5 €",
  ],
  ["Latin-1", iconv.encode(french, "latin1"), french],
  ["Windows-1251", iconv.encode(russian, "windows-1251"), russian],
  ["KOI8-R", iconv.encode(russian, "koi8-r"), russian],
  ["Shift_JIS", iconv.encode(japanese, "shift_jis"), japanese],
  ["EUC-JP", iconv.encode(japanese, "euc-jp"), japanese],
  ["GB18030", iconv.encode(chinese, "gb18030"), chinese],
  ["EUC-KR", iconv.encode(korean, "euc-kr"), korean],
])("%s is read", async (_name, bytes, expected) => {
  expect(await decodeText(bytes)).toBe(expected);
});
