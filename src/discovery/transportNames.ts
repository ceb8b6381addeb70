/** The names of the built-in transports, the most trusted first: a server found by several takes its name from the first. */
export const transportNames = ["local-relay", "service", "local-ports", "ssh", "tailscale", "postgres", "mdns"] as const

export type TransportName = (typeof transportNames)[number]

export const isTransportName = (name: string): name is TransportName =>
  transportNames.some((transport) => transport === name)
