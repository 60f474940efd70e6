from sales.models.assignment import AssignmentDecision, AssignmentRule, RuleMember
from sales.models.credit import Credit, CreditCell
from sales.models.forecast import Adjustment, BacktestRow, DealOdds, ForecastCell, OddsCell, OddsModel
from sales.models.lead import Lead, WebForm
from sales.models.lines import Line
from sales.models.opportunity import (
    Competition,
    ContactRole,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    Split,
)
from sales.models.pipeline import CATEGORIES, LossReason, Pipeline, Stage
from sales.models.product import Price, PriceBook, Product
from sales.models.quote import Quote, QuoteLine, QuoteMail
from sales.models.sale import Invoice, NumberSeries, Sale, SaleLine
from sales.models.target import Target

__all__ = [
    "CATEGORIES", "Adjustment", "AssignmentDecision", "AssignmentRule", "BacktestRow", "Competition", "ContactRole",
    "Credit", "CreditCell", "DealOdds", "ForecastCell", "Invoice", "Lead", "Line", "LossReason", "NumberSeries",
    "OddsCell", "OddsModel", "Opportunity", "OpportunityChange", "OpportunityLine", "Pipeline", "Price", "PriceBook",
    "Product", "Quote", "QuoteLine", "QuoteMail", "RuleMember", "Sale", "SaleLine", "Split", "Stage", "Target",
    "WebForm",
]  # fmt: skip
