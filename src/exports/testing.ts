/**
 * `opencode-fleet/testing`: fakes and samples for the tests of a program that embeds the fleet. opencode-fleet's own tests
 * use them, too.
 */
export { FakeFleet, fakeFleetLayer, fakeOpencodesLayer } from "../testing/FakeFleet.ts"
export { FakeOpencode } from "../testing/FakeOpencode.ts"
export type { LoggedRequest, Reply as FakeReply, StoredPrompt } from "../testing/FakeState.ts"
export type { WireEvent as FakeEvent, WireFrame as FakeEventFrame } from "../opencode/v1/wire/WireEvent.ts"
export { FakeState } from "../testing/FakeState.ts"
export * as Fault from "../testing/Fault.ts"
export * as samples from "../testing/samples.ts"
