/**
 * The map of src/ as rules: imports point downwards only, and there are no cycles. Both include type imports.
 * docs/architecture.md explains each folder. `npm run check:imports` checks the rules.
 */

/** Each folder with the folders that it may import from, besides itself. */
const folders = {
  text: [],
  machine: ["text"],
  database: ["machine", "text"],
  opencode: ["machine", "text"],
  discovery: ["opencode", "database", "machine", "text"],
  fleet: ["discovery", "opencode", "machine", "text"],
  notify: ["fleet", "discovery", "opencode", "machine", "text"],
  // Of the machine, what guards a file of tokens.
  mcp: ["machine/StrictModes", "machine/FileCache", "machine/fileError", "machine/atomicWrite", "text"],
  connect: ["discovery", "opencode", "database", "machine", "text"],
  web: ["mcp", "tools", "notify", "fleet", "discovery", "opencode", "machine", "text"],
  tools: ["mcp/Call", "fleet", "discovery", "opencode", "machine", "text"],
}

const insideOf = (folders) =>
  `^src/(?:${folders.map((folder) => (folder.includes("/") ? `${folder}\\.ts$` : `${folder}/`)).join("|")})`

const downwardsOnly = Object.entries(folders).map(([folder, below]) => ({
  name: `${folder}-imports-downwards`,
  comment: `src/${folder} may import from ${["itself", ...below].join(", ")}`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: insideOf([folder, ...below]) },
}))

export default {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    ...downwardsOnly,
    {
      name: "wire-formats-are-private",
      comment: "opencode/v1 and opencode/v2 know a wire format; only the layers choose a version",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(?:opencode/(v\\d)/|layers\\.ts$|testing/|exports/testing\\.ts$)" },
      to: { path: "^src/opencode/v\\d/" },
    },
    {
      name: "commands-are-on-top",
      comment: "only the executable loads the command line",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(?:cli/|main\\.ts$)" },
      to: { path: "^src/(?:cli/|main\\.ts$)" },
    },
    {
      name: "testing-is-for-tests",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(?:testing/|exports/testing\\.ts$)" },
      to: { path: "^src/testing/" },
    },
    {
      name: "not-resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
    cache: false,
  },
}
