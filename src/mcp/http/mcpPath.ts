/** The path that MCP clients are given. */
export const mcpPath = "/mcp"
