"""What every launcher needs before and around its event loop: options, files, logs; no loop of its own."""
