"""Writes PDFs of an invented person's papers with as many programs as are there, each with its words beside it.

    python tests/parity/pdf_corpus.py OUT

`OUT/<name>.pdf` comes with `OUT/<name>.txt`: the words of the source in reading order. Programs that are missing
(chromium, soffice, pdflatex) are passed over and named. Needs typst, reportlab, weasyprint and python-docx from PyPI.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

NAME = "Ottoline Marchbanks"
ROLE = "Tidal Energy Engineer"
CONTACT = [
    ("Email", "ottoline@marchbanks.example", "mailto:ottoline@marchbanks.example"),
    ("Phone", "+44 1632 960 118", "tel:+441632960118"),
    ("Web", "marchbanks.example", "https://marchbanks.example/"),
    ("Town", "Stromness, Orkney", None),
]
PROFILE = (
    "Engineer who keeps turbines turning in water that would rather they did not. Eleven years of offshore "
    "commissioning, condition monitoring and fault-finding, most of it on floating platforms with unreliable "
    "communications. Known for short documentation, differential diagnosis of gearbox vibration and a flow-induced "
    "oscillation that everybody else had filed under weather."
)
JOBS = [
    (
        "Skerrywater Power",
        "Lead Commissioning Engineer",
        "Kirkwall",
        "March 2019 – present",
        [
            "Brought 14 turbines of 1.2 MW into operation, the last of them nine days ahead of the contractual deadline",
            "Cut unplanned retrievals from 6 to 1 a year with a vibration classifier running on the nacelle controller",
            "Wrote the commissioning handbook that the certification body now circulates as an illustrative example",
        ],
    ),
    (
        "Fennimore Subsea",
        "Instrumentation Engineer",
        "Aberdeen",
        "June 2015 – Feb 2019",
        [
            "Designed a fibre-optic strain rig for blades 9.6 m long and ran it through 40 million fatigue cycles",
            "Migrated 220 sensors to a self-describing telemetry format without losing a single measurement campaign",
        ],
    ),
    (
        "Harbourlight Institute",
        "Research Assistant",
        "Plymouth",
        "Sept 2013 – May 2015",
        ["Characterised biofouling on antifouling coatings over 18 months of quarterly inspections"],
    ),
]
STUDIES = [
    ("MSc Offshore Renewable Energy", "University of Greywick", "2012 – 2013"),
    ("BEng Mechanical Engineering", "Polytechnic of Saltmere", "2008 – 2012"),
]
SKILLS = [
    ("Languages", "Python, Rust, structured text"),
    ("Tools", "Modbus, OPC UA, Grafana, LabVIEW"),
    ("Certificates", "offshore survival, confined spaces"),
    ("Spoken", "English, Norwegian, some Faroese"),
]
TALKS = [
    ("What the gearbox said", "Northern Tides", "2023"),
    ("Forty million cycles", "Fatigue Days", "2019"),
    ("Barnacles are a control problem", "Open Harbour", "2016"),
    ("Slack water, busy engineers", "Northern Tides", "2015"),
]
POST = [
    "The nacelle controller had been restarting every afternoon at ten past four. Nobody was aboard. The logs were "
    "immaculate, which should have been the first warning, because immaculate logs are what a controller writes when "
    "it has decided that everything outside its specification is none of its business.",
    "We replaced the power supply, then the watchdog, then the firmware. The restarts carried on with the "
    "punctuality of a municipal ferry. On the third visit I brought a sandwich and simply sat next to the cabinet. At "
    "nine minutes past four the sun came round the access hatch and lit the back of the enclosure.",
    "There was an optical isolator with a cracked housing. Sunlight fell into it for eleven minutes a day, in clear "
    "weather, between April and September. The fault-finding guide has a new chapter and the hatch has a blind. The "
    "whole investigation cost four boat trips and one sandwich.",
    "People ask for the moral and there is hardly one. Instrumentation measures what it is pointed at, and engineers "
    "are instruments too. If a disturbance keeps office hours, look for something that does as well: a shift "
    "change, a cleaning schedule, a neighbouring crane, the sun.",
]
TITLE = "The fault that kept office hours"


def cv_words(order):
    """The words of the CV, sections in the given order."""
    text = {
        "head": [NAME, ROLE],
        "labelled": [f"{label} {value}" for label, value, _ in CONTACT],
        "profile": ["Profile", PROFILE],
        "rows": ["Experience"] + [" ".join([job, place, role, when, *items]) for job, role, place, when, items in JOBS],
        "dated studies": ["Education"] + [f"{when} {what} {where}" for what, where, when in STUDIES],
        "skills": ["Skills"] + [f"{label} {value}" for label, value in SKILLS],
        "talk table": ["Talks", "Title Event Year"] + [" ".join(talk) for talk in TALKS],
        "post": [TITLE, *POST],
    }
    return "\n".join(line for part in order for line in text[part])


# Typst


def typst_text(text):
    return "".join("\\" + c if c in "@#$*_`<>[]\\~" else c for c in text)


def typst_links(sep):
    return sep.join(
        f'#link("{url}")[{typst_text(value)}]' if url else typst_text(value) for _, value, url in CONTACT
    )


def typst_jobs(entry):
    return "\n".join(
        entry(job, role, place, when, "\n".join(f"- {typst_text(item)}" for item in items))
        for job, role, place, when, items in JOBS
    )


def typst_sidebar():
    side = f"""#upper[#text(tracking: 3pt)[Contact]]

{typst_links(chr(92) + chr(10))}

#upper[#text(tracking: 3pt)[Skills]]

""" + "\n\n".join(f"*{label}* \\ {value}" for label, value in SKILLS)
    main = f"""#text(22pt, weight: "bold")[{NAME}]

#text(13pt)[{ROLE}]

== Profile
{PROFILE}

== Experience
""" + typst_jobs(lambda job, role, place, when, items: f"*{job}* #h(1fr) {when} \\\n_{role}_, {place}\n{items}\n")
    source = f"""#set page(margin: 0pt, fill: white)
#set text(10pt)
#set par(justify: true)
#grid(columns: (6cm, 1fr), rows: (100%),
  block(fill: rgb("203040"), inset: 18pt, width: 100%, height: 100%)[#set text(fill: white); #set par(justify: false)
{side}],
  block(inset: 24pt)[{main}])
"""
    truth = "\n".join(
        ["CONTACT", *(value for _, value, _ in CONTACT), "SKILLS", *(f"{a} {b}" for a, b in SKILLS), NAME, ROLE]
        + ["Profile", PROFILE, "Experience"]
        + [" ".join([job, when, role, place, *items]) for job, role, place, when, items in JOBS]
    )
    return source, truth


def typst_columns():
    source = f"""#set page(columns: 2, margin: 2cm, numbering: "1 / 1")
#set text(10pt, lang: "en")
#set par(justify: true)
#place(top + center, scope: "parent", float: true)[#text(20pt)[*{TITLE}*] \\ {NAME}]
""" + "\n\n".join(POST * 3)
    return source, "\n".join([TITLE, NAME, *POST, *POST, *POST])


def typst_dates():
    rows = "\n".join(
        f"[{when}], [*{role}*, {job}, {place}\n" + "\n".join(f"- {item}" for item in items) + "],"
        for job, role, place, when, items in JOBS
    )
    studies = "\n".join(f"[{when}], [{what}, {where}]," for what, where, when in STUDIES)
    source = f"""#set text(10.5pt)
#set page(header: align(right)[#text(8pt)[{NAME}, curriculum vitae]], height: 14cm)
= {NAME}
{typst_links(" · ")}

== Profile
{PROFILE}

== Experience
#grid(columns: (2.1cm, 1fr), gutter: 10pt, {rows})

== Education
#grid(columns: (2.1cm, 1fr), gutter: 10pt, {studies})
"""
    truth = "\n".join(
        [f"{NAME}, curriculum vitae", NAME, *(value for _, value, _ in CONTACT), "Profile", PROFILE, "Experience"]
        + [" ".join([when, role, job, place, *items]) for job, role, place, when, items in JOBS]
        + ["Education", *(f"{when} {what} {where}" for what, where, when in STUDIES)]
    )
    return source, truth


# ReportLab


def reportlab_flow(path):
    from reportlab.lib.pagesizes import A5
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()
    body = [Paragraph(NAME, style["Title"]), Paragraph(ROLE, style["Heading2"])]
    for label, value, url in CONTACT:
        value = f'<a href="{url}">{value}</a>' if url else value
        body.append(Paragraph(f"<b>{label}:</b> {value}", style["Normal"]))
    body += [Paragraph("Profile", style["Heading1"]), Paragraph(PROFILE, style["Normal"])]
    body.append(Paragraph("Experience", style["Heading1"]))
    for job, role, place, when, items in JOBS:
        body.append(Paragraph(f"{job}, {role}", style["Heading3"]))
        body.append(Paragraph(f"{place}, {when}", style["Normal"]))
        body.append(ListFlowable([Paragraph(item, style["Normal"]) for item in items], bulletType="bullet"))
    body.append(Paragraph("Talks", style["Heading1"]))
    body.append(Table([["Title", "Event", "Year"], *TALKS]))
    body.append(Paragraph(TITLE, style["Heading1"]))
    body += [Paragraph(part, style["Normal"]) for part in POST]

    def furniture(canvas, document):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(40, 20, f"{NAME} – page {document.page}")

    SimpleDocTemplate(str(path), pagesize=A5, invariant=1).build(body, onFirstPage=furniture, onLaterPages=furniture)
    jobs = [" ".join([job, role, place, when, *items]) for job, role, place, when, items in JOBS]
    return "\n".join(
        [NAME, ROLE, cv_words(["labelled", "profile"]), "Experience", *jobs, cv_words(["talk table", "post"])]
    )


def reportlab_placed(path):
    """Drawn line by line in no order, with the sidebar at the right, spaced capitals and letters drawn twice."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    strokes = []

    def text(x, y, words, size=10, font="Times-Roman", spacing=0.0, twice=False):
        strokes.append((x, y, words, size, font, spacing))
        if twice:
            strokes.append((x + 0.3, y, words, size, font, spacing))

    def block(x, y, width, words, size=10, lead=13):
        for line in simpleSplit(words, "Times-Roman", size, width):
            text(x, y, line, size)
            y -= lead
        return y

    text(60, 780, NAME, 24, twice=True)
    text(60, 760, ROLE, 12)
    y = 730
    text(60, y, "EXPERIENCE", 11, spacing=4.0)
    for job, role, place, when, items in JOBS:
        y -= 24
        text(60, y, f"{job}, {role}, {place}", 10, "Times-Bold")
        y -= 14
        text(60, y, when, 9, "Times-Italic")
        y -= 14
        for item in items:
            text(60, y, "•", 10)
            y = block(70, y, 270, item)
    y -= 20
    text(60, y, TITLE, 12, "Times-Bold")
    y = block(60, y - 16, 280, POST[0])
    y = 727
    text(380, y, "PROFILE", 11, spacing=4.0)
    y = block(380, y - 15, 160, PROFILE, 9, 11.3)
    text(380, y - 12, "SKILLS", 11, spacing=4.0)
    y -= 28
    for label, value in SKILLS:
        text(380, y, label, 9, "Times-Bold")
        y = block(380, y - 11.3, 160, value, 9, 11.3) - 4
    # Neighbours on the page are far apart in the file.
    for x, y, words, size, font, spacing in sorted(strokes, key=lambda s: (hash_of(s[2]), s[0])):
        canvas.setFont(font, size)
        canvas.drawString(x, y, words, charSpace=spacing)
    canvas.save()
    jobs = [" ".join([job, role, place, when, *items]) for job, role, place, when, items in JOBS]
    return "\n".join(
        [NAME, ROLE, "EXPERIENCE", *jobs, TITLE, POST[0], "PROFILE", PROFILE, "SKILLS", *(f"{a} {b}" for a, b in SKILLS)]
    )


def hash_of(words):
    return sum((idx + 1) * ord(c) for idx, c in enumerate(words)) * 2654435761 % 2**32


# HTML


def html_cv(css):
    jobs = "".join(
        f"<section class=job><div class=top><h3>{job}</h3><span class=when>{when}</span></div>"
        f"<p class=role>{role}, {place}</p><ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul></section>"
        for job, role, place, when, items in JOBS
    )
    contact = "".join(
        f"<li>{f'<a href={url}>{value}</a>' if url else value}</li>" for _, value, url in CONTACT
    )
    skills = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in SKILLS)
    talks = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in talk)}</tr>" for talk in TALKS)
    return f"""<!doctype html><html lang=en><meta charset=utf-8><title>x</title><style>{css}</style>
<div class=page><aside><h2>Contact</h2><ul class=contact>{contact}</ul><h2>Skills</h2><dl>{skills}</dl></aside>
<main><h1>{NAME}</h1><p class=title>{ROLE}</p><h2>Profile</h2><p>{PROFILE}</p><h2>Experience</h2>{jobs}
<h2>Talks</h2><table>{talks}</table></main></div></html>"""


def html_truth():
    return "\n".join(
        ["Contact", *(value for _, value, _ in CONTACT), "Skills", *(f"{a} {b}" for a, b in SKILLS), NAME, ROLE]
        + ["Profile", PROFILE, "Experience"]
        + [" ".join([job, when, role, place, *items]) for job, role, place, when, items in JOBS]
        + ["Talks", *(" ".join(talk) for talk in TALKS)]
    )


GRID = """@page{margin:12mm} body{font:10pt/1.45 sans-serif;margin:0} .page{display:grid;grid-template-columns:52mm 1fr;gap:8mm}
aside{font-size:9pt} h2{letter-spacing:.25em;text-transform:uppercase;font-size:11pt} ul{padding-left:1.2em}
.contact{list-style:none;padding:0} .top{display:flex;justify-content:space-between;align-items:baseline} h3{margin:0}
.when{font-size:9pt} dd{margin:0 0 4pt} dt{font-weight:bold} p{text-align:justify;hyphens:auto} td{padding-right:12pt}"""
RIGHT = GRID.replace("52mm 1fr", "1fr 52mm").replace("aside{", "aside{order:2;")
FLOAT = """@page{margin:15mm;@bottom-center{content:counter(page)}} body{font:10.5pt/1.4 serif} aside{float:left;width:50mm}
main{margin-left:58mm} ul{padding-left:14pt} .when{float:right} h3{margin:0} dd{margin:0 0 4pt} p{text-align:justify;hyphens:auto}
td{padding-right:12pt} .contact{list-style:none;padding:0}"""


def html_post():
    return f"""<!doctype html><html lang=en><meta charset=utf-8><style>@page{{size:A5}} body{{font:11pt/1.5 serif}}
p{{text-align:justify;hyphens:auto}}</style><h1>{TITLE}</h1><p>by <a href="https://marchbanks.example/">{NAME}</a></p>
""" + "".join(f"<p>{part}</p>" for part in POST * 2) + "<blockquote>Rule: bring a sandwich.</blockquote></html>"


POST_TRUTH = "\n".join([TITLE, "by " + NAME, *POST, *POST, "Rule: bring a sandwich."])


# Word processor


def docx_plain(path):
    import docx
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Cm

    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = f"{NAME} – {CONTACT[1][1]}"
    document.add_heading(NAME, 0)
    document.add_paragraph(ROLE)
    document.add_heading("Profile", 1)
    document.add_paragraph(PROFILE)
    document.add_heading("Experience", 1)
    for job, role, place, when, items in JOBS:
        for left, right in [(job, place), (role, when)]:
            line = document.add_paragraph()
            line.paragraph_format.tab_stops.add_tab_stop(Cm(15), WD_TAB_ALIGNMENT.RIGHT)
            line.paragraph_format.space_after = 0
            line.add_run(left).bold = left == job
            line.add_run(f"\t{right}")
        for item in items:
            document.add_paragraph(item, style="List Bullet")
    document.add_heading("Talks", 1)
    table = document.add_table(rows=0, cols=3)
    for talk in [("Title", "Event", "Year"), *TALKS]:
        for cell, value in zip(table.add_row().cells, talk):
            cell.text = value
    document.add_heading(TITLE, 1)
    for part in POST:
        document.add_paragraph(part)
    document.save(path)
    head = f"{NAME} – {CONTACT[1][1]}\n{NAME}\n{ROLE}\n"
    return head + cv_words(["profile", "rows", "talk table", "post"])


def docx_table(path):
    """The layout table that office templates use: a narrow cell at the left, all else at the right."""
    import docx
    from docx.shared import Cm

    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    left, right = table.rows[0].cells
    left.width, right.width = Cm(4.5), Cm(11.5)
    left.paragraphs[0].add_run("Contact").bold = True
    for _, value, _ in CONTACT:
        left.add_paragraph(value)
    left.add_paragraph().add_run("Skills").bold = True
    for label, value in SKILLS:
        left.add_paragraph(f"{label}: {value}")
    right.paragraphs[0].add_run(NAME).bold = True
    right.add_paragraph(PROFILE)
    for job, role, place, when, items in JOBS:
        right.add_paragraph().add_run(f"{job}, {role}").bold = True
        right.add_paragraph(f"{place}, {when}")
        for item in items:
            right.add_paragraph(item, style="List Bullet")
    document.save(path)
    jobs = [" ".join([job, role, place, when, *items]) for job, role, place, when, items in JOBS]
    return "\n".join(
        ["Contact", *(value for _, value, _ in CONTACT), "Skills", *(f"{a} {b}" for a, b in SKILLS), NAME, PROFILE, *jobs]
    )


# LaTeX


def latex_text(text):
    return text.replace("&", r"\&").replace("–", "--").replace("%", r"\%").replace("_", r"\_")


def latex_cv():
    jobs = "\n".join(
        rf"\noindent\textbf{{{job}}} \hfill {place}\\ \textit{{{role}}} \hfill {latex_text(when)}"
        + r"\begin{itemize}"
        + "".join(rf"\item {latex_text(item)}" for item in items)
        + r"\end{itemize}"
        for job, role, place, when, items in JOBS
    )
    studies = "".join(rf"{latex_text(when)} & {what} & {where}\\" for what, where, when in STUDIES)
    skills = "".join(rf"\item[{label}] {value}" for label, value in SKILLS)
    source = rf"""\documentclass[11pt]{{article}}\usepackage[utf8]{{inputenc}}
\begin{{document}}\begin{{center}}{{\LARGE\textsc{{{NAME}}}}}\\ {ROLE}\end{{center}}
\section*{{Profile}}{latex_text(PROFILE)}
\section*{{Experience}}{jobs}
\section*{{Education}}\begin{{tabular}}{{lll}}{studies}\end{{tabular}}
\section*{{Skills}}\begin{{description}}{skills}\end{{description}}
\section*{{Accents}}Zo\"e, fa\c{{c}}ade, \'etude, na\"\i ve, \AA ngstr\"om, Dvo\v{{r}}\'ak, official, fluffy
\end{{document}}"""
    truth = cv_words(["head", "profile", "rows", "dated studies", "skills"])
    return source, truth + "\nAccents\nZoë, façade, étude, naïve, Ångström, Dvořák, official, fluffy"


def latex_columns():
    source = (
        rf"""\documentclass[10pt,twocolumn]{{article}}\usepackage[T1]{{fontenc}}\usepackage{{lmodern}}
\title{{{TITLE}}}\author{{{NAME}}}\date{{May 2023}}\begin{{document}}\maketitle """
        + "\n\n".join(latex_text(part) + (r"\footnote{Not that it helped.}" if idx == 1 else "") for idx, part in enumerate(POST * 4))
        + r"\end{document}"
    )
    parts = list(POST * 4)
    parts[1] += "1"
    return source, "\n".join([TITLE, NAME, "May 2023", *parts, "1Not that it helped."])


def run(command, **more):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    missing = set()

    def save(name, truth):
        (out / f"{name}.txt").write_text(truth + "\n")

    import typst

    for name, (source, truth) in {
        "typst-sidebar": typst_sidebar(),
        "typst-columns": typst_columns(),
        "typst-dates": typst_dates(),
    }.items():
        (out / f"{name}.pdf").write_bytes(typst.compile(source.encode(), timestamp=0))
        save(name, truth)
    save("reportlab-flow", reportlab_flow(out / "reportlab-flow.pdf"))
    save("reportlab-placed", reportlab_placed(out / "reportlab-placed.pdf"))
    import weasyprint

    weasyprint.HTML(string=html_cv(FLOAT)).write_pdf(out / "weasyprint-float.pdf")
    save("weasyprint-float", html_truth())
    weasyprint.HTML(string=html_post()).write_pdf(out / "weasyprint-post.pdf")
    save("weasyprint-post", POST_TRUTH)
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        for name, html, truth in [
            ("chromium-grid", html_cv(GRID), html_truth()),
            ("chromium-right", html_cv(RIGHT), None),
            ("chromium-post", html_post(), POST_TRUTH),
        ]:
            if not shutil.which("chromium"):
                missing.add("chromium")
                continue
            page = work / f"{name}.html"
            page.write_text(html)
            flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
            run(["chromium", *flags, f"--print-to-pdf={out / name}.pdf", page.as_uri()])
            if truth is None:
                lines = html_truth().split("\n")
                turn = lines.index(NAME)
                truth = "\n".join(lines[turn:] + lines[:turn])
            save(name, truth)
        for name, make in [("word-tabs", docx_plain), ("word-table", docx_table)]:
            if not shutil.which("soffice"):
                missing.add("soffice")
                continue
            save(name, make(work / f"{name}.docx"))
            run(["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(out), str(work / f"{name}.docx")])
        for name, (source, truth) in {"latex-cv": latex_cv(), "latex-columns": latex_columns()}.items():
            if not shutil.which("pdflatex"):
                missing.add("pdflatex")
                continue
            (work / f"{name}.tex").write_text(source)
            run(["pdflatex", "-interaction=nonstopmode", f"{name}.tex"], cwd=work)
            shutil.copy(work / f"{name}.pdf", out)
            save(name, truth)
    print(f"{len(list(out.glob('*.pdf')))} files; not there: {', '.join(sorted(missing)) or 'none'}")


if __name__ == "__main__":
    main()
