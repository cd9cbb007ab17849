"""The synthetic demo scene: a small town by a river, drawn as truth and then seen by four sensors."""
