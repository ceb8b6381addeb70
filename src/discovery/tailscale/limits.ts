/** How far Tailscale is trusted, whichever way it is asked. */

export const longestAnswer = "3 seconds"

/** A peer takes about 2 KB, so this is more than the largest tailnets have. */
export const mostBytes = 16 * 1024 * 1024

export const tooLarge = "says more than 16 MiB"
