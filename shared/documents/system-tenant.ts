import { Tag } from "../kernel/metadata.ts";

/** Whose documents are Nucleus' own. No token can carry it: tenant ids start with a letter or digit. */
export const systemTenant = Tag.parse(":system");
