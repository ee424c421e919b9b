"""`python -m prospector`: the command line without an installed script."""

from prospector.cli import main

if __name__ == "__main__":
    main()
