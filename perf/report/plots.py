# SPDX-License-Identifier: BSD-3-Clause
"""Plots by gnuplot, as SVG. A value that is None leaves its place empty."""
import shutil
import subprocess

COLOURS = {"ovnet": "#0b6e4f", "testpmd": "#8d99ae", "ovs": "#d1495b", "vpp": "#edae49",
           "kernel": "#30638e", "floor": "#222222"}
OTHERS = ("#0b6e4f", "#d1495b", "#30638e", "#edae49", "#8d99ae", "#7a4fa3", "#00a0b0", "#b06a3b")

HEAD = """set terminal svg size 760,{height} font 'sans,12' background '#ffffff'
set output '{path}'
set title {title}
set ylabel {unit}
set key outside right top
set grid ytics lc rgb '#dddddd'
set border 3 lc rgb '#444444'
set tics nomirror out
"""


class Unplotted(Exception):
    pass


def colour(name, index):
    return COLOURS.get(name, OTHERS[index % len(OTHERS)])


def quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', "'").replace("_", "\\\\_") + '"'


def cell(value):
    return "NaN" if value is None else f"{value:.6g}"


def block(name, rows):
    return f"${name} << END\n" + "\n".join(rows) + "\nEND\n"


def run(path, title, unit, body, height=380):
    if shutil.which("gnuplot") is None:
        raise Unplotted("no gnuplot: scripts/install-deps.sh installs gnuplot-nox")
    head = HEAD.format(path=path, title=quoted(title), unit=quoted(unit), height=height)
    done = subprocess.run(["gnuplot", "-"], input=head + body, text=True, capture_output=True,
                          check=False)
    if done.returncode != 0 or not path.exists():
        raise Unplotted(f"{path}: gnuplot says: {done.stderr.strip()}")


def columns(groups, series):
    return block("data", [quoted(g) + " " + " ".join(cell(values[i]) for _, values in series)
                          for i, g in enumerate(groups)])


def histogram(groups, series):
    return [f"$data using {i + 2}:xtic(1) title {quoted(name)} lc rgb '{colour(name, i)}'"
            for i, (name, _) in enumerate(series)]


def bars(path, title, unit, groups, series):
    """A group of bars for each of groups, in it one of each series [(name, values)]."""
    run(path, title, unit, columns(groups, series) + f"""
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set yrange [0:*]
set xtics rotate by -30
plot {", ".join(histogram(groups, series))}
""")


def stacked(path, title, unit, groups, series, marks):
    """Bars of parts on top of each other, and points [(name, values)] beside them."""
    points = [block(f"mark{m}", [f"{i} {cell(v)}" for i, v in enumerate(values)])
              for m, (_, values) in enumerate(marks)]
    drawn = histogram(groups, series) + [
        f"$mark{m} using 1:2 with points pt {5 + 2 * m} ps 1.1 lc rgb '{colour('floor', 0)}'"
        f" title {quoted(name)}" for m, (name, _) in enumerate(marks)]
    run(path, title, unit, columns(groups, series) + "".join(points) + f"""
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border -1
set boxwidth 0.7
set yrange [0:*]
set xtics rotate by -30
plot {", ".join(drawn)}
""")


def lines(path, title, unit, xlabel, series, logscale="x", xtics=None):
    """Series of points [(name, [(x, y)])]; xtics: the values to be named on the axis."""
    blocks = [block(f"line{i}", [f"{cell(x)} {cell(y)}" for x, y in points])
              for i, (_, points) in enumerate(series)]
    drawn = [f"$line{i} using 1:2 with linespoints pt 7 ps 0.7 lw 2 lc rgb '{colour(name, i)}'"
             f"{' dt 2' if name.startswith('floor') else ''} title {quoted(name)}"
             for i, (name, _) in enumerate(series)]
    tics = "" if xtics is None else "set xtics (" + ", ".join(
        f"{quoted(f'{x:,}')} {x}" for x in xtics) + ")\n"
    scale = f"set logscale {logscale}\n" if logscale else ""
    low = "" if "y" in logscale else "set yrange [0:*]\n"
    run(path, title, unit, "".join(blocks) + scale + low + tics +
        f"set xlabel {quoted(xlabel)}\nplot {', '.join(drawn)}\n")
