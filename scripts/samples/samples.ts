/**
 * Code samples in the docs come from examples/ and test/, which the compiler checks and the tests run.
 *
 * A sample's fence names its source: "```ts examples/send.ts" shows the file from its first import on, and
 * "```ts examples/send.ts#turn" shows the lines between `// #region turn` and `// #endregion` there.
 */
const marker = /^\/\/ #(?:region \w+|endregion)\n/gmu

const sourceOf = (example: string, region: string | undefined): string | undefined => {
  if (region === undefined) return example.slice(example.indexOf("import "))
  return new RegExp(`^// #region ${region}\\n([\\s\\S]*?)^// #endregion$`, "mu").exec(example)?.[1]
}

/** The import path in a project of one's own: `../src/exports/mcp.ts` is `opencode-fleet/mcp`. */
const withPublicImports = (code: string) =>
  code
    .replaceAll(/"(?:\.\.\/)+src\/index\.ts"/gu, '"opencode-fleet"')
    .replaceAll(/"(?:\.\.\/)+src\/exports\/(\w+)\.ts"/gu, '"opencode-fleet/$1"')

/** The page with the current code of each sample. A sample whose source does not exist is left unchanged. */
export const withCurrentSamples = (page: string, read: (path: string) => string): string =>
  page.replaceAll(
    /^(```ts ([\w./-]+\.ts)(?:#(\w+))?\n)[\s\S]*?^```$/gmu,
    (sample: string, fence: string, path: string, region: string | undefined) => {
      const code = sourceOf(read(path), region)
      return code === undefined ? sample : `${fence}${withPublicImports(code).replaceAll(marker, "").trim()}\n\`\`\``
    },
  )
