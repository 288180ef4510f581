# The workflow lies in workflow/Snakefile, where the workflow catalogue and other projects look for it.
# An included file does not set the target that runs where none is named, unless it is told to.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
