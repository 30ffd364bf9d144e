"""CometChat's Chat REST API, as handlers use it: `ctx.cometchat`."""
