import io

from rich.console import Console

from gridcast.learning.training.progress import Bar, Lines, show_on


def test_without_a_terminal_each_look_is_one_line() -> None:
    out = io.StringIO()
    clock = iter([0.0, 10.0, 20.0])
    with Lines(Console(file=out, width=40), clock=lambda: next(clock)) as show:
        show.stage("reading [town].csv")
        show.step(1, 101, 0.5)
        show.step(50, 101, 0.4)
        show.looked(51, 101, 0.45, 0.47, 0.47)
        show.looked(101, 101, 0.40, 0.48, 0.47)
    assert out.getvalue().splitlines() == [
        "reading [town].csv",
        "step 51/101: loss 0.45, validation 0.47, the best so far; 10 s to go",
        "step 101/101: loss 0.4, validation 0.48; best 0.47",
    ]


def test_on_a_terminal_there_is_a_bar_with_the_losses() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120)
    show = show_on(console)
    assert isinstance(show, Bar)
    with show:
        show.stage("reading")
        show.step(1, 100, 0.5)
        show.looked(100, 100, 0.4, 0.41, 0.41)
    assert "100/100" in out.getvalue()
    assert "validation 0.41 (best 0.41)" in out.getvalue()


def test_a_file_gets_lines() -> None:
    assert isinstance(show_on(Console(file=io.StringIO())), Lines)
