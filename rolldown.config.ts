import { defineConfig } from "rolldown"

export default defineConfig({
  input: { "opencode-fleet": "src/main.ts" },
  platform: "node",
  transform: { target: "node22.19" },
  output: {
    dir: "dist/bin",
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "chunks/[name]-[hash].mjs",
    cleanDir: true,
    minify: true,
  },
})
