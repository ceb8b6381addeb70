/**
 * How long tests wait for something that has to happen. It usually takes a moment; the rest is for a busy machine. A test
 * never asserts that something is fast, and must not depend on this value.
 */
export const patience = "60 seconds"
