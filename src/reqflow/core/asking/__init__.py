"""Asking specialists: answers first, forms and emojis, consulting, closing the loop, what comes again. (Slack)"""
