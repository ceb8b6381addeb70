/**
 * The map of src/ as rules: imports point downwards only, type imports included, and nothing goes round in a circle.
 * docs/architecture.md explains each room. `npm run check:imports` runs them.
 */

/** Each room with the rooms that it may import from. A room may always import from itself. */
const rooms = {
  text: [],
  machine: ["text"],
  opencode: ["machine", "text"],
  discovery: ["opencode", "machine", "text"],
  fleet: ["discovery", "opencode", "machine", "text"],
  mcp: ["text"],
  connect: ["discovery", "opencode", "machine", "text"],
  tools: ["mcp/Call", "fleet", "discovery", "opencode", "machine", "text"],
}

const insideOf = (rooms) =>
  `^src/(?:${rooms.map((room) => (room.includes("/") ? `${room}\\.ts$` : `${room}/`)).join("|")})`

const downwardsOnly = Object.entries(rooms).map(([room, below]) => ({
  name: `${room}-imports-downwards`,
  comment: `src/${room} may import from ${["itself", ...below].join(", ")}`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: { path: "^src/", pathNot: insideOf([room, ...below]) },
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
