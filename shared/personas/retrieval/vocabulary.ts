/** What retrieval knows about English words: plain data. Keys and groups are written unstemmed. */

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

/** Words that say nothing about a topic. */
export const stopWords: ReadonlySet<string> = new Set(
  words(`
    a an the this that these those such same own other another each every either neither both all any some no not nor
    none only just also too very quite rather so than then there here now yet still already again once ever never
    and or but if because as while until unless although though whether since
    of at by for with without about against between among into through during before after above below to from up down
    in out on off over under onto upon within along across per via toward towards behind beyond despite except
    i me my mine we us our ours you your yours he him his she her hers it its they them their theirs one ones
    who whom whose which what when where why how
    is are was were be been being am do does did done doing have has had having
    will would shall should can could may might must ought need needs
    s t re ve ll d m please tell want wanted know show explain describe say says said
  `),
);

/** Words that a question uses and its answer often does not: they count, but little. */
export const lightWords: readonly string[] = words(`
  state states stated mention mentions mentioned describes described specify specified
  according document documents report text file page section paragraph information detail details find list give
  gives given giving get gets got take takes taken make makes made use uses used using happen happens happened come comes
  go goes become became keep put set let known called call means mean involve involved include includes included
  apply applies applied expected planned plan currently current exactly precisely approximately roughly total overall
  main key much many long often far old large big high low maximum minimum amount number figure value level rate
  size name names date day time year years person people thing things kind type sort way reason reasons purpose
  location place answer question new last latest recent first next different various
  buy able allowed possible required necessary responsible carry carried receive received provide provided cost costs
  price length duration period share percentage heavy weight weigh
`);

/** Words that stand for one another. The first member of a group is not special. */
export const synonymGroups: readonly (readonly string[])[] = [
  "cost costs price fee fees charge charges expense expenses spend spent rate",
  "pay pays paid payment payments payable",
  "salary wage wages remuneration compensation",
  "begin begins began begun start starts started commence commences commencement launch launched kickoff",
  "end ends ended terminate terminated termination expire expires expiry lapse lapses finish finished cancel cancelled cancellation complete completed",
  "buy buys bought purchase purchased acquire acquired acquisition",
  "sell sells sold sale",
  "approve approved approval agree agreed consent authorise authorised authorize authorized",
  "reject rejected refuse refused decline declined oppose opposed",
  "deadline due limit",
  "postpone postponed delay delayed defer deferred",
  "inform informed notify notified notification report reported tell told alert alerted",
  "customer customers client clients",
  "supplier suppliers vendor vendors provider providers",
  "employee employees staff worker workers personnel headcount",
  "hire hires hired recruit recruited",
  "responsible owner owners lead leads led charge manager accountable head",
  "deposit guarantee security bond",
  "tenant tenants lessee",
  "landlord lessor",
  "lease tenancy rental rent",
  "contract contracts agreement agreements",
  "discount reduction rebate",
  "weight weigh weighs heavy",
  "size large area dimensions dimension diameter",
  "speed fast velocity",
  "length long duration lasts last",
  "warranty guarantee",
  "steal stole stolen theft copied copy",
  "detect detected discover discovered notice noticed find found",
  "cause caused causes reason reasons because root",
  "fix fixed repair repairs repaired remedy resolve resolved",
  "damage damages damaged harm loss losses",
  "increase increases increased rise rises rose raise raised grow growth",
  "decrease decreases decreased fall fell drop dropped reduce reduced cut",
  "maximum most limit cap exceed",
  "minimum least",
  "phone telephone call",
  "email mail",
  "meet meets met meeting meetings",
  "leave left resign resigned departure",
  "attend attended present attendees participants participant",
  "choose chose chosen select selected pick decide decided decision",
  "keep kept store stored retain retained retention storage hold held",
  "send sends sent deliver delivered delivery ship shipped shipping shipment",
  "allow allowed permit permitted permission may",
  "forbid forbidden prohibit prohibited",
  "change changes changed alter alteration alterations amend amended amendment modify modified",
  "write wrote written author",
  "build built construct constructed construction",
  "car cars vehicle vehicles",
  "firm company companies business organisation organization",
  "laptop laptops computer computers",
  "holiday holidays vacation leave",
  "study studies survey surveys research investigation",
  "death deaths die died mortality killed fatal",
  "eat eats eaten diet food feed feeds meal meals",
  "sign signed signs signature enter entered conclude concluded",
  "doctor physician medical",
  "ill illness sick sickness disease",
  "fund funded funding finance financed sponsor sponsored grant",
  "teach teaches taught teacher training trained train course",
  "learn learned study",
  "rule rules policy policies regulation regulations",
  "law laws legislation statute legal",
  "fine fines penalty penalties",
  "wait waiting queue",
  "ask asked request requested requests",
  "answer answered reply respond response",
  "visit visits visited visitor visitors",
  "travel trip trips journey",
  "office premises site",
  "house home building",
  "child children kid kids",
  "goal goals aim aims target targets objective objectives",
  "result results outcome outcomes finding findings",
  "method methods approach procedure process",
  "problem problems issue issues difficulty trouble",
  "risk risks danger hazard hazards threat threats",
  "safe safety secure security",
  "attack attacks attacker attackers intruder breach",
  "password passwords credential credentials",
  "member members",
  "chair chairman chairperson chairs head",
  "boss supervisor manager",
  "found founded establish established",
  "own owns owned owner property",
  "insure insured insurance insurer coverage",
  "tax taxes vat duty",
  "profit profits earnings income",
  "revenue revenues turnover sales",
  "invoice invoices bill billed billing",
  "refund refunds reimburse reimbursed reimbursement repay repaid returned",
  "replace replaced replacement substitute",
  "test tests tested testing trial trials check",
  "measure measures measured measurement monitor monitored",
  "colour color colours colors",
  "temperature temperatures degrees",
  "energy power electricity",
  "material materials made",
  "version release released edition",
  "support supports supported help assistance",
  "document documents paper papers",
  "vote votes voted ballot",
  "win wins won winner award awarded",
  "move moves moved relocate relocated relocation",
  "open opens opened opening",
  "close closes closed closing",
  "arrive arrives arrived arrival",
  "live lives lived reside residence",
  "happen happened occur occurred",
  "inspect inspected inspection check checked audit audited",
  "confidential confidentiality secret",
  "dispute disputes conflict arbitration mediation",
  "extend extended extension renew renewed renewal prolong",
  "oblige obliged obligation must required requirement",
  "job jobs position positions role post posts",
  "page pages sheet",
  "medicine medication drug drugs",
  "dose dosage doses",
  "month months monthly",
  "year years yearly annual annually annum",
  "week weeks weekly",
  "day days daily",
  "quarter quarters quarterly",
  "assume assumes assumed assumption assumptions",
  "analyse analysed analyze analyzed analysis",
  "produce produced product products production",
  "receive received receipt",
  "lose lost loses loss",
  "freeze frozen ice",
  "heat heated heating",
  "share percentage percent proportion portion fraction",
  "affected concerned impacted hit",
  "error errors fault faults defect defects bug bugs",
].map(words);

export const numberWords: ReadonlyMap<string, string> = new Map(
  words(
    "zero:0 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12 thirteen:13 fourteen:14 fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40 fifty:50 sixty:60 seventy:70 eighty:80 ninety:90 hundred:100",
  ).map((pair) => pair.split(":") as [string, string]),
);
