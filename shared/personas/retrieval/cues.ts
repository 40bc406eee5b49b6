/** What kind of thing a question asks for. `undefined` in its place: anything. */
export type Cue =
  | "money"
  | "number"
  | "percent"
  | "date"
  | "duration"
  | "frequency"
  | "person"
  | "name"
  | "place"
  | "reason";

const numeral =
  "(?:\\d[\\d.,]{0,20}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|half|both|none|no)";
const timeUnit =
  "(?:seconds?|minutes?|hours?|days?|weeks?|months?|quarters?|years?|decades?|h|min)";
const month =
  "(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)";

const evidence: Readonly<Record<Cue, RegExp>> = {
  money: new RegExp(
    `[€$£¥]\\s*\\d|\\b(?:EUR|USD|GBP|CHF|JPY)\\s*\\d|${numeral}(?:\\s*(?:million|billion|thousand|m|bn|k))?\\s*(?:[€$£¥]|(?:EUR|USD|GBP|CHF|JPY|euros?|dollars?|pounds?|francs?|cents?)\\b)|\\b(?:free of charge|${numeral} (?:months?'?|percent) )|\\b${numeral} percentage points`,
    "i",
  ),
  number: new RegExp(`\\b${numeral}\\b`, "i"),
  percent: new RegExp(
    `${numeral}\\s*(?:%|percent\\b|per cent\\b)|\\b(?:a|one|two|three) (?:half|third|quarter|fifth|tenth)s?\\b|percentage point`,
    "i",
  ),
  date: new RegExp(
    `\\b${month}\\b|\\b(?:1\\d|20)\\d\\d\\b|\\b\\d{1,2}[./]\\d{1,2}[./]|\\b\\d{1,2}:\\d\\d\\b|\\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\\bQ[1-4]\\b|\\b(?:within|after|before)\\s+(?:the\\s+)?(?:first\\s+)?${numeral}|\\b(?:immediately|today|tomorrow|yesterday)\\b|working day of`,
  ),
  duration: new RegExp(
    `\\b${numeral}[\\s-]+(?:(?:working|business|calendar|consecutive|full|more|further)\\s+)*${timeUnit}\\b|\\buntil\\b|\\b${numeral}\\s*(?:mm|cm|m|km|metres?|meters?|kilomet(?:re|er)s?|miles?|feet|foot|inch(?:es)?|pages?|words)\\b|\\b(?:a|an)\\s+(?:hour|day|week|month|year)\\b|indefinite|permanent`,
    "i",
  ),
  frequency: new RegExp(
    `\\b(?:every|each|per|once|twice|thrice|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|hourly|continuous(?:ly)?|regularly)\\b|\\btimes\\b|\\ba (?:day|week|month|year)\\b`,
    "i",
  ),
  person:
    /\b(?:by\s+(?:the\s+|an?\s+)?\p{L}+|I|[Ss]upervisors?|[Ss]taff|[Hh]ead|[Ll]ead|[Tt]eams?|[Mm]anagers?|[Dd]irectors?|[Oo]fficers?|[Ee]ngineers?|[Oo]wners?|[Bb]oard|[Cc]ommittee|[Dd]epartments?|[Pp]resident|[Cc]hair\w*|[Ss]ecretary|[Mm]inister|[Aa]uthority|[Aa]ssistant|[Cc]ompan(?:y|ies)|[Cc]ouncil|[Tt]enants?|[Ll]andlord|[Cc]ustomers?|[Ss]uppliers?|[Ee]mployees?|[Cc]ontractors?|[Yy]ou|[Ww]e|[Uu]sers?|[Pp]arty|[Pp]arties)\b|(?<=[\p{L}\d,;:)|] *)\p{Lu}[\p{L}.]+/u,
  name: /(?<=[\p{L}\d,;:)|] *)\p{Lu}[\p{L}.]+/u,
  place:
    /\b(?:in|at|on|near|to|from|of)\s+(?:the\s+)?(?:\p{Lu}|room|building|hall|floor|courtyard|office|site|warehouse|north|south|east|west)|\b(?:room|building|street|road|avenue|floor|park|city|town|port|harbour)\b/iu,
  reason:
    /\b(?:because|since|due to|owing to|caused?|causes|reasons?|as a result|so that|in order to|therefore|thus|thanks to|exempt\w*|failed|failure|so)\b/i,
};

/** Days, clock times and years in dates: no amounts. */
const dates = new RegExp(
  `\\b\\d{1,2}\\.? ${month}\\b(?: \\d{4}\\b)?|\\b${month} \\d{4}\\b|\\b\\d{1,2}:\\d\\d\\b`,
  "g",
);

/** What a date does not answer, although it holds numbers and a capital letter. */
const datesAreNone: ReadonlySet<Cue> = new Set(["number", "money", "name"]);

const auxiliary =
  "(?:is|are|was|were|am|do|does|did|has|have|had|will|would|can|could|shall|should|must|may|might)";

/** Nouns that name the kind of their value. */
const typeNouns: readonly (readonly [Cue, string])[] = [
  [
    "money",
    "price|prices|cost|costs|rent|salary|wage|deposit|budget|bill|fare|ransom|revenue|turnover|profit|expenditure",
  ],
  ["percent", "percentage|percent|share|proportion|fraction"],
  ["date", "date|day|month|year|time|deadline|due date"],
  ["duration", "duration|period|lifetime|lead time|notice period"],
  [
    "number",
    "number|amount|size|weight|height|width|depth|distance|speed|temperature|quantity|capacity|accuracy|voltage|limit|fee|fine|penalty|discount|rate|interest|area|diameter|maximum|minimum|score",
  ],
  [
    "person",
    "person|people|company|supplier|vendor|team|department|firm|organi[sz]ation|manager|role|bank|customer|authority|provider|contractor|party|employee",
  ],
  [
    "place",
    "place|city|country|town|room|building|location|address|site|street",
  ],
];

const howMuchMoney =
  /\bhow (?:expensive|much)\b.*\b(?:costs?|pays?|paid|charged?|spend|spent|price|owed?|earns?|saved?|rent|fee|salary|budget|deposit|guarantee|premium|subscription|money)\b|\b(?:what|how much)\b.*\b(?:costs?|pays?|paid|spend|spent|charged?)\b(?! (?:attention|for what))/;

/** Tried in order: the first that fits decides. */
const asks: readonly (readonly [RegExp, Cue])[] = [
  [/\b(?:what|which) (?:is|are|was|were) the (?:[\w-]+ )?names?\b/, "name"],
  [/\bhow (?:often|frequently)\b/, "frequency"],
  [/\bhow (?:long|soon|quickly)\b/, "duration"],
  [/\bhow many percent\b/, "percent"],
  [
    new RegExp(
      `\\bhow (?:many|large|big|high|low|heavy|tall|wide|deep|far|old|hot|cold|loud|thick|warm|accurate|strong|fast)\\b`,
    ),
    "number",
  ],
  [howMuchMoney, "money"],
  [/\bhow much\b/, "number"],
  [
    /\bwhy\b|\bwhat (?:caused|led to)\b|\bwhat (?:is|was|were|are) the (?:root |main )?(?:causes?|reasons?)\b|\bfor what reasons?\b/,
    "reason",
  ],
  [/\bwho(?:m|se)?\b/, "person"],
  [new RegExp(`\\bwhen (?:exactly )?${auxiliary}\\b`), "date"],
  [new RegExp(`\\bwhere ${auxiliary}\\b`), "place"],
  ...typeNouns.map(
    ([cue, nouns]) =>
      [
        new RegExp(
          `\\b(?:what|which) (?:${nouns})\\b|\\bwhat (?:is|are|was|were|will be) (?:the |its |their )?(?:[\\w-]+ ){0,2}(?:${nouns})(?= (?:of|for|to|in|on|per|by|at|if|when|that|between|during|from|with|until)\\b|[?.!]?$)`,
        ),
        cue,
      ] as const,
  ),
];

/** What the question asks for, from its wording. */
export function cueOf(question: string): Cue | undefined {
  const lower = question.toLowerCase().trim();
  return asks.find(([pattern]) => pattern.test(lower))?.[1];
}

/** Whether `text` holds something of the kind that is asked for. */
export function holds(cue: Cue, text: string): boolean {
  return evidence[cue].test(
    datesAreNone.has(cue) ? text.replace(dates, "_") : text,
  );
}
