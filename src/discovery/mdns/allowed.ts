/** Decides which mDNS services are trusted with the password: those that match a pattern of `MDNS_ALLOW`. */
import { isAllowedHost } from "../allowed.ts"
import type { Service } from "./Services.ts"

/** A service announces any name, but cannot choose its own address. */
export const isAllowed = (
  { address, label, port, target }: Pick<Service, "address" | "label" | "port" | "target">,
  patterns: ReadonlyArray<string>,
): boolean => isAllowedHost({ names: [label, target], addresses: [address, `${address}:${port}`] }, patterns)
