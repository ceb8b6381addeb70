/** The `_meta` that revision 2026-07-28 of MCP requires in the params of each request. */
export const meta2026 = (capabilities: object = {}, client: object = { name: "raw", version: "1" }) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": client,
  "io.modelcontextprotocol/clientCapabilities": capabilities,
})
