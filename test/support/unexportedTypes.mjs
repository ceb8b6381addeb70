/**
 * Lists the types that a public signature names and no entry exports: `node unexportedTypes.mjs PACKAGE_DIRECTORY`. Exits
 * with 1 if there are any. JavaScript, because TypeScript 7 has no stable API yet; it uses the TypeScript of
 * `@arethetypeswrong/core`.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

const ts = createRequire(fileURLToPath(import.meta.resolve("@arethetypeswrong/core")))("typescript")
const root = process.argv[2]
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"))
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => target.types !== undefined)
  .map(([name, target]) => ({ name, file: `${root}/${target.types.slice(2)}` }))
const program = ts.createProgram(
  entries.map(({ file }) => file),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
  },
)
const checker = program.getTypeChecker()

const resolved = (symbol) =>
  symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

const isOwn = (node) => node.getSourceFile().fileName.startsWith(`${root}/dist/`)

const isModuleDeclaration = (node) =>
  ts.isSourceFile(node.parent) || (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent))

/** The exported symbols of a module, with those of its namespaces. */
const exportsOf = (module, into = new Map(), prefix = "") => {
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = resolved(exported)
    if (into.has(symbol)) continue
    into.set(symbol, `${prefix}${exported.name}`)
    if (symbol.flags & ts.SymbolFlags.ValueModule) exportsOf(symbol, into, `${prefix}${exported.name}.`)
  }
  return into
}

const exported = new Map()
for (const { file } of entries) exportsOf(checker.getSymbolAtLocation(program.getSourceFile(file)), exported)

const unexported = new Map()
const visit = (node, from) => {
  const name = ts.isImportTypeNode(node) ? node.qualifier : ts.isIdentifier(node) ? node : undefined
  const symbol = name === undefined ? undefined : resolved(checker.getSymbolAtLocation(name))
  const [declaration] = symbol?.declarations ?? []
  // TypeScript adds `…_base` constants for the classes of services and errors.
  if (
    declaration !== undefined &&
    isOwn(declaration) &&
    !ts.isSourceFile(declaration) &&
    !symbol.name.endsWith("_base")
  )
    if (isModuleDeclaration(declaration) && !exported.has(symbol)) unexported.set(symbol.name, from)
  ts.forEachChild(node, (child) => visit(child, from))
}
for (const [symbol, name] of exported) {
  for (const declaration of symbol.declarations ?? []) {
    if (isOwn(declaration) && !ts.isSourceFile(declaration)) visit(declaration, name)
  }
}
for (const [name, from] of unexported) console.log(`${name}, named by ${from}`)
process.exitCode = unexported.size === 0 ? 0 : 1
