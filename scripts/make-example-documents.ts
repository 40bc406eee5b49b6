import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { budgetWorkbook } from "./example-documents/budget-workbook.ts";
import { incidentReport } from "./example-documents/incident-report.ts";
import { leaseAgreement } from "./example-documents/lease-agreement.ts";
import { writeDocx } from "./example-documents/write-docx.ts";
import { writePdf } from "./example-documents/write-pdf.ts";
import { writeXlsx } from "./example-documents/write-xlsx.ts";

/** Writes the three binary documents of `examples/documents`; the HTML and Markdown ones are kept as they are. */
const folder = join(import.meta.dirname, "../examples/documents");

writeFileSync(
  join(folder, "01-lease-agreement.pdf"),
  await writePdf(leaseAgreement, "Lease Agreement for Commercial Premises"),
);
writeFileSync(
  join(folder, "02-security-incident-report.docx"),
  await writeDocx(incidentReport, "Security Incident Report SIR-2026-014"),
);
writeFileSync(join(folder, "03-budget-2027.xlsx"), writeXlsx(budgetWorkbook));
