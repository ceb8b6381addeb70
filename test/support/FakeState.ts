export * from "../../src/testing/FakeState.ts"
