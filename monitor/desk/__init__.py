"""The care desk in Slack: hears of presses on buttons, over a socket or HTTP, and does what they ask for."""
