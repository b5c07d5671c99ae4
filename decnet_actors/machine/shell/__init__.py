"""The shell of a decky: parser, evaluator, commands. Nothing is executed or fetched, ever."""
