import { join } from "node:path";
import { createSqliteDocumentStore } from "../../../shared/documents/adapters/sqlite.ts";
import { describeDocumentModel } from "../../contracts/document-model.ts";
import { contractKinds } from "../../support/contract-documents.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

describeDocumentModel("SQLite", 60, async ({ now }) =>
  createSqliteDocumentStore({
    file: join(createTempFolder(), "documents.db"),
    kinds: contractKinds,
    now,
  }),
);
