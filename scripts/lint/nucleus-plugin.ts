/** The part of the linter's plugin interface that these rules use. */
interface RuleContext {
  report(finding: { readonly node: unknown; readonly message: string }): void;
}

interface DateExpression {
  readonly callee: { readonly type: string; readonly name?: string };
  readonly arguments: readonly unknown[];
}

const message =
  "Not deterministic: an orchestrator's clock is context.df.currentUtcDateTime.";

/** `new Date(ms)` is a pure conversion; `new Date()` and `Date()` read the machine's clock. */
const noCurrentDate = {
  create: (context: RuleContext) => ({
    NewExpression(node: DateExpression): void {
      if (isDate(node) && node.arguments.length === 0)
        context.report({ node, message });
    },
    CallExpression(node: DateExpression): void {
      if (isDate(node)) context.report({ node, message });
    },
  }),
};

function isDate(node: DateExpression): boolean {
  return node.callee.type === "Identifier" && node.callee.name === "Date";
}

/** The rules of this project that no linter ships. */
export default {
  meta: { name: "nucleus" },
  rules: { "no-current-date": noCurrentDate },
};
