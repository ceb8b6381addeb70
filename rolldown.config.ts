/**
 * Bundles the executable: `dist/bin/opencode-fleet.mjs` and its chunks, which need Node and nothing else.
 *
 * A client waits for the start of its servers, so every plugin here shortens the time until `initialize` is answered.
 * Each states its gain; none changes what the program does.
 */
import { pathToFileURL } from "node:url"
import type { BuildOptions, Plugin } from "rolldown"

/** Replaces one import with a module of our own. */
const replaceImport = (options: {
  readonly name: string
  readonly from: RegExp
  readonly importer: RegExp
  readonly code: string
}): Plugin => {
  const id = `\0${options.name}`
  return {
    name: options.name,
    resolveId: {
      filter: { id: options.from },
      handler: (_source, importer) => (importer !== undefined && options.importer.test(importer) ? id : undefined),
    },
    load: { filter: { id: new RegExp(`^${id}$`) }, handler: () => options.code },
  }
}

/**
 * The SDK creates a JSON Schema validator (Ajv) for each server, but only uses it for answers to elicitations. Here it is
 * a separate chunk that is loaded at its first use, which saves 4 ms of 70 at the start. It is loaded with `require`
 * because the SDK calls it synchronously; the chunk is an ES module nevertheless.
 */
const ajvOnDemand = replaceImport({
  name: "ajv-on-demand",
  from: /^@modelcontextprotocol\/server\/_shims$/,
  importer: /@modelcontextprotocol\/server/,
  code: `
    import { createRequire } from "node:module"
    import process from "node:process"
    export { process }
    export class DefaultJsonSchemaValidator {
      getValidator(schema) {
        this.validator ??= new (createRequire(import.meta.url)("./ajv.mjs").AjvJsonSchemaValidator)()
        return this.validator.getValidator(schema)
      }
    }`,
})

/** The file system only needs node:crypto to name temporary files. Loading it takes 2 ms. */
const cryptoOnDemand = replaceImport({
  name: "crypto-on-demand",
  from: /^node:crypto$/,
  importer: /NodeFileSystem/,
  code: `export const randomBytes = (size) => process.getBuiltinModule("node:crypto").randomBytes(size)`,
})

/**
 * Modules whose exports are JSON, written as such: `initialize` and `tools/list` need neither Effect nor the tools then, and
 * `--help` not the commands, which makes it five times as fast.
 */
const computedAtBuild: Plugin = {
  name: "computed-at-build",
  load: {
    filter: { id: /(?:cli[\\/](?:server[\\/]listedTools|usage[\\/]helps)|web[\\/]page[\\/]assets)\.ts$/ },
    handler: async (id) =>
      Object.entries<unknown>(await import(pathToFileURL(id).href))
        .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
        .join("\n"),
  },
}

/**
 * The server answers its client's first requests without Effect, which takes 40 % of the time until then. An import that
 * loads it nevertheless fails the build.
 */
const startsWithoutEffect: Plugin = {
  name: "starts-without-effect",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((chunk) => chunk.type === "chunk")
    const first = chunks.filter(({ facadeModuleId }) => /(?:commands[\\/]serve|main)\.ts$/.test(facadeModuleId ?? ""))
    if (first.length !== 2) this.error("main.ts and cli/commands/serve.ts must have a chunk each")
    const loaded = new Set(first.map(({ fileName }) => fileName))
    // Iterates over what is added meanwhile, too.
    for (const name of loaded) {
      const chunk = bundle[name]
      if (chunk?.type !== "chunk") continue
      for (const imported of chunk.imports) loaded.add(imported)
      const effect = chunk.moduleIds.find((id) => /node_modules[\\/](?:@effect|effect)[\\/]/.test(id))
      if (effect !== undefined) this.error(`main.ts and cli/commands/serve.ts must not load Effect, but load ${effect}`)
    }
  },
}

/**
 * Declarations of an API take one function from the HTTP router, which only `serve --http` needs. With it, every command would
 * load the router and what it needs, 5 % of what commands load.
 */
const declaredWithoutRouter = replaceImport({
  name: "declared-without-router",
  from: /\/HttpRouter\.js$/,
  importer: /HttpApiEndpoint\.js$/,
  code: `
    export const prefixPath = (path, prefix) => {
      const start = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix
      if (path === "*") return start + "/*"
      return path === "/" ? start : start + path
    }`,
})

/**
 * A single character beyond Latin-1 makes V8 store the whole chunk with two bytes per character, which costs 1 ms and
 * twice the memory. Such characters only occur in strings, templates and regular expressions, where an escape is
 * equivalent.
 */
const onlyAscii: Plugin = {
  name: "only-ascii",
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue
      chunk.code = chunk.code.replaceAll(
        /[^\0-\u007f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )
    }
  },
}

/** Parts that are bundles of their own. In one bundle, each would load shared chunks with what only the others use. */
const parts = new Map([
  // Loads 1 ms faster.
  ["./cli/cli.ts", "./chunks/cli.mjs"],
  // Takes single functions of `effect`, whose modules are shared otherwise.
  ["./cli/usage/quickHelp.ts", "./chunks/help.mjs"],
])

const partsApart: Plugin = {
  name: "parts-apart",
  resolveId: {
    filter: { id: /^\.\/cli\// },
    handler: (source) => {
      const id = parts.get(source)
      return id === undefined ? undefined : { id, external: true }
    },
  },
}

const common = {
  platform: "node",
  transform: { target: "node22.19" },
  // A module may be loaded on demand by the library, and always by a command.
  checks: { ineffectiveDynamicImport: false },
} as const

const output = { dir: "dist/bin", format: "esm", chunkFileNames: "chunks/[name]-[hash].mjs", minify: true } as const

export default [
  {
    ...common,
    input: { "opencode-fleet": "src/main.ts", "chunks/ajv": "@modelcontextprotocol/server/validators/ajv" },
    plugins: [
      partsApart,
      ajvOnDemand,
      cryptoOnDemand,
      computedAtBuild,
      declaredWithoutRouter,
      startsWithoutEffect,
      onlyAscii,
    ],
    output: {
      ...output,
      entryFileNames: "[name].mjs",
    },
  },
  {
    ...common,
    input: { "chunks/cli": "src/cli/cli.ts" },
    plugins: [ajvOnDemand, cryptoOnDemand, computedAtBuild, declaredWithoutRouter, onlyAscii],
    output: {
      ...output,
      entryFileNames: "[name].mjs",
      // What every command loads is one file rather than fifty, which saves 12 % of `instances`.
      codeSplitting: { groups: [{ name: "command", tags: ["$initial"] }] },
    },
  },
  {
    ...common,
    input: { "chunks/help": "src/cli/usage/quickHelp.ts" },
    plugins: [computedAtBuild, onlyAscii],
    output: { ...output, entryFileNames: "[name].mjs" },
  },
] satisfies readonly [BuildOptions, BuildOptions, BuildOptions]
