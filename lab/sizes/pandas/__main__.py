"""Figures are read, grouped, and written as a workbook."""

import io

import pandas

FIGURES = """\
river,country,length,month
Rhine,CH,1233,2024-01-31
Rhone,CH,813,2024-02-29
Elbe,CZ,1094,2024-03-31
Vltava,CZ,430,2024-04-30
"""

rivers = pandas.read_csv(io.StringIO(FIGURES), parse_dates=["month"])
print(rivers.groupby("country")["length"].agg(["sum", "max"]).to_string())
print(rivers.set_index("month")["length"].resample("QE").mean().to_string())
rivers.to_excel("rivers.xlsx", sheet_name="rivers", index=False)
again = pandas.read_excel("rivers.xlsx", sheet_name="rivers")
print(again.equals(rivers), list(again.columns), int(again["length"].sum()))
