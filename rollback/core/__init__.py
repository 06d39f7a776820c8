"""Pure decisions: what is known (history), what to do (plan), what findings mean (judge). Nothing here acts."""
