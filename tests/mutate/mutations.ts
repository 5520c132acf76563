import ts from "typescript";

/** One small change of a source text. */
export interface Mutation {
  readonly kind: string;
  /** The function, method or variable around it, with its class; "" at the top level of a file. */
  readonly within: string;
  /** The position: `from` is the text from `start` up to `end`, and `to` replaces it. */
  readonly start: number;
  readonly end: number;
  /** The original text of the smallest expression or statement that shows the change, and the same text mutated. */
  readonly from: string;
  readonly to: string;
  /** The line, counted from 1. */
  readonly line: number;
  /** The first and the last line of the outermost function around it, or of the file if there is none. */
  readonly reach: readonly [first: number, last: number];
}

/** A possible replacement of a node: its new text, and the kind of change. */
type Change = readonly [kind: string, to: string];

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["||"],
  "??=": ["="],
  "+=": ["-="],
  "-=": ["+="],
};

/** All mutations of a source file, in the order of the text. */
export function mutationsOf(file: string, text: string): readonly Mutation[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Mutation[] = [];
  const visit = (node: ts.Node): void => {
    if (isOutside(node)) return;
    const start = node.getStart(source);
    const from = node.getText(source);
    for (const [kind, to] of changesOf(node, source)) {
      if (to === from) continue;
      const [line] = linesOf(node, source);
      const reach = linesOf(outermostFunction(node) ?? source, source);
      found.push({ kind, within: placeOf(node, source), start, end: node.getEnd(), from, to, line, reach });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function linesOf(node: ts.Node, source: ts.SourceFile): [first: number, last: number] {
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  return [lineAt(node.getStart(source)), lineAt(node.getEnd())];
}

function outermostFunction(node: ts.Node): ts.Node | undefined {
  let found: ts.Node | undefined;
  for (let at = node.parent; at !== undefined; at = at.parent) if (ts.isFunctionLike(at)) found = at;
  return found;
}

/** Applies one mutation to a text. */
export function mutated(text: string, { start, end, to }: Mutation): string {
  return text.slice(0, start) + to + text.slice(end);
}

/** Types do not exist at run time, and no decision may depend on an error's message. */
function isOutside(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  return ts.isNewExpression(node) && /Error$/.test(node.expression.getText());
}

function changesOf(node: ts.Node, source: ts.SourceFile): readonly Change[] {
  const text = node.getText(source);
  return [
    ...ofOperator(node, source),
    ...ofCondition(node, text),
    ...ofConstant(node, text),
    ...ofCall(node, source),
    ...ofStatement(node),
    ...ofAwait(node, source),
  ];
}

function ofOperator(node: ts.Node, source: ts.SourceFile): Change[] {
  if (ts.isBinaryExpression(node)) {
    if (isForObjects(node)) return [];
    const [left, right] = [node.left.getText(source), node.right.getText(source)];
    const changes = (OPERATORS[node.operatorToken.getText(source)] ?? []).map((operator): Change => [
      "operator",
      // Logical operators mixed with `??` need brackets, which are left out of the displayed difference.
      node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken || operator === "&&" || operator === "||"
        ? `((${left}) ${operator} (${right}))`
        : `${left} ${operator} ${right}`,
    ]);
    return changes;
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const operand = node.operand.getText(source);
    if (node.operator === ts.SyntaxKind.ExclamationToken) return [["condition", operand]];
    if (node.operator === ts.SyntaxKind.PlusPlusToken) return [["operator", `--${operand}`]];
    if (node.operator === ts.SyntaxKind.MinusMinusToken) return [["operator", `++${operand}`]];
    if (node.operator === ts.SyntaxKind.MinusToken) return [["operator", `(${operand})`]];
  }
  if (ts.isPostfixUnaryExpression(node)) {
    const operator = node.operator === ts.SyntaxKind.PlusPlusToken ? "--" : "++";
    return [["operator", `${node.operand.getText(source)}${operator}`]];
  }
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken !== undefined) {
    return [["optional chaining", `${node.expression.getText(source)}!.${node.name.getText(source)}`]];
  }
  return [];
}

/** Objects are never falsy, so `??` and `||` mean the same for them. */
function isForObjects({ operatorToken, right }: ts.BinaryExpression): boolean {
  return operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
    (ts.isArrayLiteralExpression(right) || ts.isObjectLiteralExpression(right) || ts.isNewExpression(right));
}

/** A loop whose condition is always true never ends, which proves nothing. */
function ofCondition(node: ts.Node, text: string): Change[] {
  const { parent } = node;
  if (parent === undefined) return [];
  const branches = (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node);
  const loops = (ts.isWhileStatement(parent) && parent.expression === node) ||
    (ts.isForStatement(parent) && parent.condition === node);
  if (!branches && !loops) return [];
  const changes: Change[] = [["condition", `!(${text})`], ["condition", "false"]];
  if (branches) changes.push(["condition", "true"]);
  return changes;
}

function ofConstant(node: ts.Node, text: string): Change[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [["constant", "false"]];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [["constant", "true"]];
  if (ts.isNumericLiteral(node)) {
    const value = Number(node.text);
    return [["constant", String(value + 1)], ["constant", value === 0 ? "(-1)" : String(value - 1)]];
  }
  if (ts.isStringLiteral(node)) {
    // Prose and SQL: without it nothing would work, which proves nothing.
    if (/\s/.test(node.text) || ts.isPropertyAssignment(node.parent) && node.parent.name === node) return [];
    return [["constant", node.text === "" ? '"x"' : '""']];
  }
  if (ts.isRegularExpressionLiteral(node)) return withoutFlags(text);
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) return [["constant", "[]"]];
  return [];
}

function withoutFlags(text: string): Change[] {
  const [, body = "", flags = ""] = /^(.*\/)([a-z]*)$/s.exec(text) ?? [];
  return [...flags].map((flag): Change => ["constant", body + flags.replace(flag, "")]);
}

function ofCall(node: ts.Node, source: ts.SourceFile): Change[] {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
  const values = node.arguments?.map((argument) => argument.getText(source)) ?? [];
  if (values.length === 0) return [];
  const start = node.getStart(source);
  const head = node.getText(source).slice(0, (node.arguments?.pos ?? start) - start);
  const changes: Change[] = [["argument", `${head}${values.slice(0, -1).join(", ")})`]];
  const [first = "", second, ...others] = values;
  // Their order makes no difference.
  const isSymmetric = /^Math\.(min|max|imul)$/.test(node.expression.getText(source));
  if (second !== undefined && !isSymmetric) {
    changes.push(["argument", `${head}${[second, first, ...others].join(", ")})`]);
  }
  return changes;
}

function ofStatement(node: ts.Node): Change[] {
  if (ts.isExpressionStatement(node)) return [["statement", ";"]];
  if (ts.isReturnStatement(node) && !isLast(node)) return [["early return", ";"]];
  if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) return [["statement", ";"]];
  if (ts.isThrowStatement(node)) return [["statement", ";"]];
  return [];
}

/** Without its last `return`, a function with a result does not type-check, and one without a result is unchanged. */
function isLast(node: ts.Statement): boolean {
  const { parent } = node;
  return ts.isBlock(parent) && ts.isFunctionLike(parent.parent) && parent.statements.at(-1) === node;
}

/** `return await` outside of a `try` means the same as `return`. */
function ofAwait(node: ts.Node, source: ts.SourceFile): Change[] {
  if (!ts.isAwaitExpression(node)) return [];
  if (ts.isReturnStatement(node.parent) && !isTried(node)) return [];
  return [["await", node.expression.getText(source)]];
}

function isTried(node: ts.Node): boolean {
  for (let at = node; at !== undefined && !ts.isFunctionLike(at); at = at.parent) {
    if (ts.isTryStatement(at.parent) && at !== at.parent.finallyBlock) return true;
  }
  return false;
}

function placeOf(node: ts.Node, source: ts.SourceFile): string {
  const names: string[] = [];
  for (let at = node.parent; at !== undefined; at = at.parent) {
    const name = nameOf(at);
    if (name !== undefined) names.unshift(typeof name === "string" ? name : name.getText(source));
  }
  return names.join(".");
}

function nameOf(node: ts.Node): ts.Node | string | undefined {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) return node.name;
  if (ts.isClassDeclaration(node) || ts.isPropertyDeclaration(node)) return node.name;
  const isTop = ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent);
  return isTop ? node.name : undefined;
}
