"""Prints what botocore's endpoint rules say of each service in the regions that are named, one JSON line an answer."""

import json
import sys

from endpoint_rules import VARIANTS, every_service, groups


def main():
    for name, model, rules in every_service():
        for static, operations in groups(model):
            for region in sys.argv[1:]:
                for fips, dual_stack in VARIANTS:
                    found = rules.resolve(static, region, fips, dual_stack)
                    answer = {"service": name, "operation": operations[0], "region": region}
                    answer |= {"fips": fips, "dualstack": dual_stack, "endpoint": found and found._asdict()}
                    print(json.dumps(answer))


if __name__ == "__main__":
    main()
