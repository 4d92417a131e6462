#!/usr/bin/env python3
"""filters.py NAME: a masker in Python behind the interface of `distill mask --jsonl`.

Lines of {"id","text"} come in, lines of {"id","spans"} go out, with offsets in bytes. Nothing here loads the weights
of a model: what a tool finds by patterns, check digits, word lists and context is raced against the same.
"""
import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def presidio():
    """Every recogniser that needs no model and no service, told that the text is in its language; a blank spaCy."""
    import inspect

    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def __init__(self):
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def load(self):
            pass

    models = ("Spacy", "Stanza", "Transformers", "GLiNER", "HuggingFace", "Azure", "LangExtract", "MedicalNER")
    registry = RecognizerRegistry(supported_languages=["en"])
    for name in predefined_recognizers.__all__:
        each = getattr(predefined_recognizers, name)
        if inspect.isclass(each) and not any(model in name for model in models):
            registry.add_recognizer(each(supported_language="en"))
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    return lambda text: [(r.start, r.end, r.entity_type) for r in engine.analyze(text, language="en")]


def scrubadub():
    """Every detector that comes with it and asks for nothing more, American and British ones."""
    import scrubadub
    import scrubadub.detectors.date_of_birth  # noqa: F401

    scrubbers = []
    for locale in ("en_US", "en_GB"):
        scrubber = scrubadub.Scrubber(locale=locale)
        for name, detector in sorted(scrubadub.detectors.detector_catalogue.get_all().items()):
            # The first three mask what they are told to, or load what is no part of the package.
            if name in ("tagged", "user_supplied", "text_blob_name") or name in scrubber._detectors:
                continue
            if getattr(detector, "supported_locale", lambda locale: True)(locale):
                scrubber.add_detector(name)
        scrubbers.append(scrubber)
    return lambda text: [
        (filth.beg, filth.end, filth.type) for scrubber in scrubbers for filth in scrubber.iter_filth(text)
    ]


def datafog():
    """Its pattern engine, with all the countries it knows."""
    from datafog.engine import scan

    return lambda text: [
        (found.start, found.end, found.type) for found in scan(text, engine="regex", locales=["de"]).entities
    ]


def commonregex():
    """Its expressions; its own functions say what was found, not where."""
    from commonregex import regexes

    return lambda text: [
        (found.start(), found.end(), name) for name, each in regexes.items() for found in each.finditer(text)
    ]


def main():
    find = {each.__name__: each for each in (presidio, scrubadub, datafog, commonregex)}[sys.argv[1]]()
    for line in sys.stdin:
        line = json.loads(line)
        text = line["text"]
        at = [0]
        for character in text:
            at.append(at[-1] + len(character.encode("utf-8", "surrogatepass")))
        spans = [{"start": at[start], "end": at[end], "entity": entity} for start, end, entity in find(text)]
        print(json.dumps({"id": line["id"], "spans": spans}))


if __name__ == "__main__":
    main()
